import { VirtError } from "../../errors.ts";
import type { Network, Processes } from "../host.ts";
import type { Libc } from "../libc.ts";
import { clearLink } from "./clear-link.ts";
import { identifyNamespace, isStill } from "./identity.ts";
import { toolPackages } from "./packages.ts";
import type { Rooms } from "./rooms.ts";
import { openVhost } from "./taps.ts";
import { watchNamespace } from "./watch.ts";

const packages: Readonly<Record<string, string>> = toolPackages;

export function createNetwork(
  libc: () => Libc,
  processes: Pick<Processes, "run" | "which">,
  rooms: Rooms,
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
  const run: Network["run"] = async (namespace, tool, args, options) => {
    const command = await rooms.command(namespace, { path: await find(tool), args });
    const { networkNamespace } = command;
    return await processes.run(command.path, command.args, { ...options, networkNamespace });
  };
  return {
    apart: rooms.apart,
    assertUsable: rooms.assertUsable,
    command: rooms.command,
    mend: rooms.mend,
    leave: rooms.leave,
    makeNamespace: rooms.make,
    removeNamespace: rooms.remove,
    identifyNamespace: async (path, field = "networkConfig.netNSPath") =>
      identifyNamespace(libc(), await rooms.seen(path), field, path),
    isNamespace: async ({ path, dev, ino }) => isStill(await rooms.seen(path), { dev, ino }),
    run,
    watch: async (namespace, signal) => {
      const monitor = [await find("ip"), "-o", "monitor", "link", "address", "route"];
      const args = ["--pdeathsig", "KILL", "--", ...monitor];
      const command = await rooms.command(namespace, { path: await find("setpriv"), args });
      return await watchNamespace(libc, command, signal);
    },
    clearLink: async ({ path, dev, ino }, ifindex) => {
      if (!isStill(await rooms.seen(path), { dev, ino })) return;
      await clearLink((tool, args) => run(path, tool, args), ifindex);
    },
    openTap: rooms.openTap,
    openMacvtap: rooms.openMacvtap,
    openVhost: async (count) => openVhost(count),
  };
}
