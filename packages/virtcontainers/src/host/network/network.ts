import { VirtError } from "../../errors.ts";
import type { Network, Processes } from "../host.ts";
import type { Libc } from "../libc.ts";
import { clearLink } from "./clear-link.ts";
import { identifyNamespace, isStill } from "./identity.ts";
import { openMacvtap } from "./macvtap.ts";
import { makeNamespace, removeNamespace } from "./namespace.ts";
import { toolPackages } from "./packages.ts";
import { openTap, openVhost } from "./taps.ts";

const packages: Readonly<Record<string, string>> = toolPackages;

export function createNetwork(
  libc: () => Libc,
  processes: Pick<Processes, "run" | "which">,
): Network {
  const paths = new Map<string, string>();
  const find = async (tool: string): Promise<string> => {
    const path = paths.get(tool) ?? (await processes.which(tool));
    if (path !== undefined) {
      paths.set(tool, path);
      return path;
    }
    const from = packages[tool];
    throw new VirtError("HOST_REQUIREMENT", `the tool ${tool} is missing`, {
      hint: from === undefined ? "Install it." : `Install it; Debian: sudo apt install ${from}.`,
    });
  };
  const run: Network["run"] = async (networkNamespace, tool, args, options) =>
    await processes.run(await find(tool), args, { ...options, networkNamespace });
  return {
    makeNamespace: (path) => makeNamespace(libc(), path),
    removeNamespace: (path) => removeNamespace(libc(), path),
    identifyNamespace: async (path, field = "networkConfig.netNSPath") =>
      identifyNamespace(libc(), path, field),
    isNamespace: async ({ path, dev, ino }) => isStill(path, { dev, ino }),
    run,
    clearLink: async ({ path, dev, ino }, ifindex) => {
      if (!isStill(path, { dev, ino })) return;
      await clearLink((tool, args) => run(path, tool, args), ifindex);
    },
    openTap: async (namespace, tap) => openTap(libc, namespace, tap),
    openMacvtap: async (namespace, macvtap) => openMacvtap(libc, namespace, macvtap),
    openVhost: async (count) => openVhost(count),
  };
}
