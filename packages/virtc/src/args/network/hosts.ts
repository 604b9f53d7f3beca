import type { ExtraHost } from "virtcontainers";
import { badValue } from "../../errors/usage.ts";
import { parseIP, unbracketed } from "./addresses.ts";
import { parseHostName } from "./names.ts";

const option = "--add-host";
/** Stands for this host, as the container reaches it. */
const hostGateway = "host-gateway";

/** `NAME:ADDRESS` or `NAME=ADDRESS`. */
export function parseAddHost(text: string): ExtraHost {
  const [, name = "", address = ""] = /^([^:=]*)[:=](.*)$/s.exec(text) ?? [];
  if (name === "" || address === "") {
    throw badValue(option, text, "it must be NAME:ADDRESS, or NAME:host-gateway for this host");
  }
  return {
    name: parseHostName(option, text, name),
    address: address === hostGateway ? address : parseIP(option, text, unbracketed(address)),
  };
}
