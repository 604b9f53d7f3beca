import { existsSync } from "node:fs";
import { dirname } from "node:path";
import { isVirtError } from "../../errors.ts";
import { assertTrusted } from "../../host/trusted.ts";
import type { FoundLink } from "./scan.ts";

/** Where a switch in user space serves the device of a link with an address. */
const socketOf = (address: string): string => `/tmp/vhostuser_${address}/vhu.sock`;

/** A link that a process serves by the convention of names: of root's or this user's, since anybody can write to /tmp. */
export function servedBySocket(link: FoundLink): FoundLink {
  const path = link.guest.addresses.map(({ address }) => socketOf(address)).find(isOurs);
  if (path === undefined) return link;
  return { ...link, type: "vhost-user", source: { kind: "socket", path, queues: 1 } };
}

function isOurs(path: string): boolean {
  try {
    return assertTrusted(dirname(path)) && existsSync(path);
  } catch (error) {
    if (isVirtError(error, "HOST_REQUIREMENT")) return false;
    throw error;
  }
}
