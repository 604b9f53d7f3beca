import { isAbsolute, resolve } from "node:path";
import type { Mount } from "virtcontainers";
import { badValue } from "../errors/usage.ts";
import { parseMiB } from "./size.ts";

const sizes = [1, 16 * 1024 ** 2] as const;

/** `SOURCE:PATH[:OPTIONS]`: a folder or file of the host where SOURCE has a slash, else a named volume. */
export function parseVolume(text: string, cwd: string): Mount {
  const [source = "", destination = "", options, ...more] = text.split(":");
  if (source === "" || !isAbsolute(destination) || more.length > 0) {
    throw badValue(
      "--volume",
      text,
      "it must be SOURCE:PATH or SOURCE:PATH:ro, with an absolute PATH",
    );
  }
  const common = { destination, ...(options && { options: options.split(",") }) };
  return source.includes("/") || source === "."
    ? { type: "bind", source: resolve(cwd, source), ...common }
    : { type: "volume", source, ...common };
}

/** `PATH[:size=SIZE,OPTIONS]`: memory of the guest. */
export function parseTmpfs(text: string): Mount {
  const at = text.indexOf(":");
  const destination = at < 0 ? text : text.slice(0, at);
  const options = at < 0 ? [] : text.slice(at + 1).split(",");
  if (!isAbsolute(destination)) throw badValue("--tmpfs", text, "it must be PATH or PATH:size=64m");
  const size = options.find((option) => option.startsWith("size="))?.slice("size=".length);
  const others = options.filter((option) => !option.startsWith("size="));
  return {
    type: "tmpfs",
    destination,
    ...(size !== undefined && { sizeMiB: parseMiB("--tmpfs", size, ...sizes) }),
    ...(others.length > 0 && { options: others }),
  };
}

const keys: Readonly<Record<string, string>> = {
  type: "type",
  source: "source",
  src: "source",
  destination: "destination",
  dst: "destination",
  target: "destination",
  readonly: "readonly",
  ro: "readonly",
  watchable: "watchable",
  size: "size",
};

/** `type=TYPE,source=...,destination=PATH,readonly,size=...`; a value with a comma can't be given so. */
export function parseMount(text: string, cwd: string): Mount {
  const given = new Map<string, string>();
  for (const part of text.split(",")) {
    const at = part.indexOf("=");
    const name = at < 0 ? part : part.slice(0, at);
    const key = Object.hasOwn(keys, name) ? keys[name] : undefined;
    if (key === undefined || given.has(key)) {
      throw badValue("--mount", text, `each once of ${Object.keys(keys).join(", ")}`);
    }
    given.set(key, at < 0 ? "true" : part.slice(at + 1));
  }
  return mountOf(given, text, cwd);
}

function mountOf(given: ReadonlyMap<string, string>, text: string, cwd: string): Mount {
  const wrong = (allowed: string): Error => badValue("--mount", text, allowed);
  const destination = given.get("destination") ?? "";
  const source = given.get("source") ?? "";
  const type = given.get("type") ?? "volume";
  if (!isAbsolute(destination)) throw wrong("destination must be an absolute path");
  const size = given.get("size");
  const sized = size !== undefined && { sizeMiB: parseMiB("--mount", size, ...sizes) };
  const common = { destination, ...(isOn(given, "readonly") && { readOnly: true }) };
  switch (type) {
    case "bind":
      return {
        type,
        source: resolve(cwd, source),
        ...common,
        ...(isOn(given, "watchable") && { watchable: true }),
      };
    case "volume":
    case "local":
      return { type, source, ...common };
    case "ephemeral":
      return { type, source, ...common, ...sized };
    case "tmpfs":
      return { type, ...common, ...sized };
    default:
      throw wrong("type must be bind, volume, tmpfs, ephemeral or local");
  }
}

function isOn(given: ReadonlyMap<string, string>, key: string): boolean {
  return given.get(key) === "true" || given.get(key) === "1";
}

/** Memory for the /dev/shm of a container. */
export function parseShmSize(text: string): Mount {
  return {
    type: "tmpfs",
    source: "shm",
    destination: "/dev/shm",
    sizeMiB: parseMiB("--shm-size", text, ...sizes),
    options: ["nosuid", "noexec", "nodev", "mode=1777"],
  };
}
