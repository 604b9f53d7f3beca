import { isIPv6 } from "node:net";
import { isAbsolute } from "node:path";
import type { NetworkAttachment } from "virtcontainers";
import { badValue, UsageError } from "../../errors/usage.ts";
import { parseName } from "../name.ts";
import { parseIP, parseMac } from "./addresses.ts";
import { parseHostName, parseInterfaceName, parseNetworkName } from "./names.ts";

/** What `--network` chose. */
export type NetworkChoice =
  /** Nothing was said. */
  | { kind: "default" }
  | { kind: "none" }
  | { kind: "networks"; networks: NetworkAttachment[] }
  /** A namespace that somebody else fills. */
  | { kind: "namespace"; path: string }
  /** The network of another container, in its VM. */
  | { kind: "container"; id: string };

const words =
  "none, bridge, NAME, NAME:ip=ADDRESS,mac=ADDRESS,alias=NAME,interface=NAME, ns:/PATH or container:NAME";

/** All `--network` together: several networks, or one of the other kinds. */
export function parseNetworks(texts: readonly string[], option = "--network"): NetworkChoice {
  const choices = texts.map((text) => ({ text, choice: parseOne(option, text) }));
  const networks = choices.flatMap(({ choice }) =>
    choice.kind === "networks" ? choice.networks : [],
  );
  const alone = choices.find(({ choice }) => choice.kind !== "networks");
  if (alone !== undefined) {
    if (choices.length === 1) return alone.choice;
    throw new UsageError(`${option} ${alone.text} can't be used with another network`);
  }
  const twice = networks.find(({ name }, at) => networks.some((b, i) => i < at && b.name === name));
  if (twice !== undefined) throw new UsageError(`${option}: ${twice.name} is given twice`);
  return { kind: "networks", networks };
}

function parseOne(option: string, text: string): NetworkChoice {
  if (text === "none") return { kind: "none" };
  if (text === "host" || text.startsWith("host:")) {
    throw badValue(
      option,
      text,
      "a VM has a network of its own and can't have the host's; publish ports with --publish",
    );
  }
  const [, prefix, rest = ""] = /^(ns|container):(.*)$/s.exec(text) ?? [];
  if (prefix === "ns") {
    if (isAbsolute(rest) && !rest.split("/").includes(".."))
      return { kind: "namespace", path: rest };
    throw badValue(option, text, "it must be ns: and an absolute path, such as ns:/run/netns/blue");
  }
  if (prefix === "container") return { kind: "container", id: parseName(option, rest) };
  return { kind: "networks", networks: [parseAttachment(option, text)] };
}

type Key = "ip" | "mac" | "alias" | "interface";

const keys: Readonly<Record<string, Key>> = {
  ip: "ip",
  ip6: "ip",
  mac: "mac",
  "mac-address": "mac",
  alias: "alias",
  interface: "interface",
  interface_name: "interface",
};

/** `NAME:ip=…,mac=…`, or docker's `name=NAME,ip=…`. */
export function parseAttachment(option: string, text: string): NetworkAttachment {
  const [, called, listed, plain = ""] =
    /^(?:name=([^,]*)(?:,(.*))?|([^:=,]*)(?::.*)?)$/s.exec(text) ?? [];
  const fields = called === undefined ? text.slice(plain.length + 1) : (listed ?? "");
  if (called === undefined && plain === "") throw badValue(option, text, `it must be ${words}`);
  const attachment: NetworkAttachment = {
    name: parseNetworkName(option, text, called ?? plain),
  };
  for (const field of fields === "" ? [] : fields.split(",")) {
    const [, name = "", value = ""] = /^([^=]*)=(.*)$/s.exec(field) ?? [];
    const key = Object.hasOwn(keys, name) ? keys[name] : undefined;
    if (key === undefined) {
      const known = Object.keys(keys).join(", ");
      throw badValue(
        option,
        text,
        `${JSON.stringify(name || field)} is no key; there are ${known}`,
      );
    }
    assign(attachment, key, value, option, text);
  }
  return attachment;
}

function assign(
  attachment: NetworkAttachment,
  key: Key,
  value: string,
  option: string,
  text: string,
): void {
  if (key === "alias") {
    const alias = parseHostName(option, text, value);
    attachment.aliases = [...(attachment.aliases ?? []), alias];
    return;
  }
  const field = key === "ip" ? (isIPv6(value) ? "ip6" : "ip") : fieldOf[key];
  if (attachment[field] !== undefined) throw badValue(option, text, `${key} is given twice`);
  attachment[field] = checks[key](option, text, value);
}

const fieldOf = { mac: "macAddress", interface: "interfaceName" } as const;
const checks = { ip: parseIP, mac: parseMac, interface: parseInterfaceName } as const;
