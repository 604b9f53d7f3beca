import type { NetworkDriver, NetworkOptions } from "../../config/network/definition.ts";
import { invalidArgument, VirtError } from "../../errors.ts";
import type { Host } from "../../host/host.ts";

/** The modes of links on a parent. Those of ipvlan that carry no Ethernet frames are of no use to a guest. */
const modes: Readonly<Record<NetworkDriver, readonly string[]>> = {
  bridge: [],
  macvlan: ["bridge", "private", "vepa", "passthru"],
  ipvlan: ["l2"],
};

const ofBridges = ["internal", "hostAccess", "ipv6"] as const;
const ofParents = ["parent", "mode"] as const;

/** INVALID_ARGUMENT for options that this driver does not have, or lacks. */
export function assertFits(given: NetworkOptions): void {
  const { driver = "bridge", mode, subnets = [] } = given;
  const onParent = driver !== "bridge";
  const absent = onParent ? ofBridges : ofParents;
  for (const name of absent) {
    if (given[name] === undefined || given[name] === false) continue;
    throw invalidArgument(`options.${name}`, given[name], `a network of ${driver} has no such`);
  }
  if (!onParent) return;
  if (given.parent === undefined)
    throw invalidArgument("options.parent", undefined, `${driver} needs an interface of this host`);
  if (mode !== undefined && !modes[driver].includes(mode))
    throw invalidArgument("options.mode", mode, `it must be one of ${modes[driver].join(", ")}`);
  if (subnets.length === 0) {
    const rule = `${driver} needs the addresses of the network that ${given.parent} leads to`;
    throw invalidArgument("options.subnets", undefined, rule);
  }
}

/** Asks the kernel for the driver's links and for their parent. NOT_SUPPORTED, INVALID_ARGUMENT. */
export async function assertParent(
  { network }: Pick<Host, "network">,
  { driver = "bridge", parent }: NetworkOptions,
  signal: AbortSignal,
): Promise<void> {
  if (driver === "bridge" || parent === undefined) return;
  if (network.apart)
    throw new VirtError("NOT_SUPPORTED", `a network of ${driver} needs root`, {
      field: "options.driver",
      hint: "Run as root, or choose bridge: an ordinary user's networks have no interface of this host.",
    });
  const ip = (...args: string[]) => network.run(undefined, "ip", args, { signal });
  const there = await ip("-o", "link", "show", "dev", parent);
  if (there.code !== 0 || /[<,]LOOPBACK[,>]/.test(there.stdout)) {
    const rule =
      "it must be an interface of this host that leads to a network; `ip link` lists them";
    throw invalidArgument("options.parent", parent, rule);
  }
  // Without a parent no link is made; how that is refused tells whether the kernel knows them.
  const { stderr } = await ip("link", "add", "name", "vc-probe", "type", driver);
  if (!/unknown device type|not supported/i.test(stderr)) return;
  throw new VirtError("NOT_SUPPORTED", `this host's kernel has no links of the kind ${driver}`, {
    field: "options.driver",
    hint: `Load its module: sudo modprobe ${driver}; or choose ${driver === "ipvlan" ? "macvlan or bridge" : "bridge"}.`,
  });
}
