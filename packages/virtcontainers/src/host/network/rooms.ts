import type { Command, NamespaceIdentity, Network } from "../host.ts";
import type { Libc } from "../libc.ts";
import { openMacvtap } from "./macvtap.ts";
import { makeNamespace, removeNamespace } from "./namespace.ts";
import { openTap } from "./taps.ts";

/** How things are done in network namespaces: by root at once, by an ordinary user in namespaces of his own. */
export interface Rooms
  extends Pick<
    Network,
    "apart" | "assertUsable" | "command" | "leave" | "mend" | "openTap" | "openMacvtap"
  > {
  make(path: string): Promise<NamespaceIdentity>;
  remove(path: string): Promise<void>;
  /** The path by which this process sees what is bound on `path`. */
  seen(path: string): Promise<string>;
}

/** Root's: this process enters them by itself. */
export function ownRooms(libc: () => Libc): Rooms {
  return {
    apart: false,
    assertUsable: async () => {},
    command: async (networkNamespace, command): Promise<Command> => ({
      ...command,
      ...(networkNamespace !== undefined && { networkNamespace }),
    }),
    mend: async () => true,
    leave: async () => {},
    make: (path) => makeNamespace(libc(), path),
    remove: (path) => removeNamespace(libc(), path),
    seen: async (path) => path,
    openTap: async (namespace, tap) => openTap(libc, namespace, tap),
    openMacvtap: async (namespace, macvtap) => openMacvtap(libc, namespace, macvtap),
  };
}
