import { badValue } from "../../errors/usage.ts";
import { parseIP, unbracketed } from "./addresses.ts";
import { parseHostName } from "./names.ts";

/** A name for /etc/hosts. */
export interface HostEntry {
  name: string;
  /** Undefined: this host, as the container reaches it. */
  address: string | undefined;
}

const option = "--add-host";

/** `NAME:ADDRESS` or `NAME=ADDRESS`; `host-gateway` stands for the host that the container runs on. */
export function parseAddHost(text: string): HostEntry {
  const [, name = "", address = ""] = /^([^:=]*)[:=](.*)$/s.exec(text) ?? [];
  if (name === "" || address === "") {
    throw badValue(option, text, "it must be NAME:ADDRESS, or NAME:host-gateway for this host");
  }
  return {
    name: parseHostName(option, text, name),
    address: address === "host-gateway" ? undefined : parseIP(option, text, unbracketed(address)),
  };
}
