import * as v from "valibot";
import type { CniUse } from "../../../store/network/cni-use.ts";
import { type Repairing, runTool, runWell } from "./repairing.ts";

const Told = v.object({
  interfaces: v.array(
    v.object({ name: v.string(), mac: v.optional(v.string()), sandbox: v.optional(v.string()) }),
  ),
});

/** What the plugin told of links on this host's side. */
function told({ result }: CniUse): { name: string; mac?: string | undefined }[] {
  const read = v.safeParse(Told, result);
  return read.success ? read.output.interfaces.filter(({ sandbox }) => !sandbox) : [];
}

export async function hasBridge(repairing: Repairing): Promise<boolean> {
  return (await readLink(repairing, repairing.bridge)) !== undefined;
}

/** A bridge as the plugin made it, with the addresses by which its guests know this host. HOST_FAILED. */
export async function makeBridge(repairing: Repairing): Promise<void> {
  const { definition, bridge, uses } = repairing;
  const { mtu, subnets } = definition;
  const mac = uses.flatMap(told).find(({ name }) => name === bridge)?.mac;
  await runWell(repairing, "ip", [
    ...["link", "add", "name", bridge],
    ...(mac ? ["address", mac] : []),
    ...(mtu === undefined ? [] : ["mtu", `${mtu}`]),
    ...["type", "bridge"],
  ]);
  for (const { subnet, gateway } of subnets) {
    const address = `${gateway}/${subnet.split("/")[1]}`;
    const known = gateway.includes(":") ? ["nodad"] : [];
    await runWell(repairing, "ip", ["address", "add", address, "dev", bridge, ...known]);
  }
  await runWell(repairing, "ip", ["link", "set", "dev", bridge, "up"]);
}

export async function areLinksTied(repairing: Repairing): Promise<boolean> {
  return (await looseLinks(repairing)).length === 0;
}

/** Makes the links of all sandboxes ports of the bridge. HOST_FAILED. */
export async function tieLinks(repairing: Repairing): Promise<void> {
  for (const link of await looseLinks(repairing)) {
    const set = ["link", "set", "dev", link];
    await runWell(repairing, "ip", [...set, "master", repairing.bridge, "up"]);
    await runWell(repairing, "ip", [...set, "type", "bridge_slave", "hairpin", "on"]);
  }
}

/** One that is gone can't be tied: its sandbox has lost it, up to its next start. */
async function looseLinks(repairing: Repairing): Promise<string[]> {
  const { bridge, uses } = repairing;
  const loose: string[] = [];
  for (const { name } of uses.flatMap(told)) {
    const link = name === bridge ? undefined : await readLink(repairing, name);
    if (link !== undefined && link.master !== bridge) loose.push(name);
  }
  return loose;
}

const Links = v.pipe(
  v.string(),
  v.parseJson(),
  v.array(v.object({ ifname: v.string(), master: v.optional(v.string()) })),
);

/** Undefined if it is not there. */
async function readLink(repairing: Repairing, name: string) {
  const args = ["-json", "link", "show", "dev", name];
  const { code, stdout } = await runTool(repairing, "ip", args);
  const read = code === 0 ? v.safeParse(Links, stdout) : undefined;
  return read?.success ? read.output.find(({ ifname }) => ifname === name) : undefined;
}
