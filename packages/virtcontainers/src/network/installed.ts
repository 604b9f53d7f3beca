import * as v from "valibot";
import { VirtError } from "../errors.ts";
import { hasPlugin } from "../host/cni/find.ts";
import type { Host } from "../host/host.ts";
import { type NetworkTool, pluginPackage, toolPackages } from "../host/network/packages.ts";
import type { CniUse } from "../store/network/cni-use.ts";
import type { Plan } from "./cni/plan.ts";

const Ipam = v.object({ type: v.string() });

/** Makes sure that a network has all that it is made with, before anything is begun. HOST_REQUIREMENT names all that is missing. */
export async function assertInstalled(
  host: Pick<Host, "processes">,
  { name, use }: Pick<Plan, "name" | "use">,
): Promise<void> {
  const plugins = await missingOf(pluginsOf(use), (type) => hasPlugin(host, type, use.folders));
  const tools = await missingOf(
    toolsOf(use),
    async (tool) => (await host.processes.which(tool)) !== undefined,
  );
  if (plugins.length === 0 && tools.length === 0) return;
  const packages = new Set([
    ...plugins.map(pluginPackage),
    ...tools.map((tool) => toolPackages[tool]),
  ]);
  const what = [
    ...plugins.map((type) => `the CNI plugin ${type} (in ${use.folders.join(", ")})`),
    ...tools,
  ].join(", ");
  throw new VirtError(
    "HOST_REQUIREMENT",
    `the network ${name} needs what is not installed: ${what}`,
    {
      field: "network",
      hint:
        `Install it: virtc setup, or apt-get install ${[...packages].join(" ")}; plugins elsewhere are found by CNI_PATH. ` +
        'Or do without a network: --network none, in a program network: "none".',
    },
  );
}

function pluginsOf({ plugins }: CniUse): string[] {
  return plugins.flatMap(({ type, ipam }) => {
    const delegate = v.safeParse(Ipam, ipam);
    return delegate.success ? [type, delegate.output.type] : [type];
  });
}

function toolsOf({ plugins, bridge, claims }: CniUse): NetworkTool[] {
  const named = plugins.some(({ type }) => type === "dnsname");
  return [
    "ip",
    "tc",
    ...(bridge === undefined ? [] : (["nft"] as const)),
    ...(named || claims.ports.length > 0 ? (["iptables"] as const) : []),
    ...(named ? (["dnsmasq"] as const) : []),
  ];
}

async function missingOf<T>(
  needed: readonly T[],
  isThere: (each: T) => Promise<boolean>,
): Promise<T[]> {
  const there = await Promise.all(needed.map(isThere));
  return needed.filter((_, index) => !there[index]);
}
