import { access } from "node:fs/promises";
import { join } from "node:path";
import { hasPlugin, pluginFolders } from "../../host/cni/find.ts";
import type { Host } from "../../host/host.ts";
import { addressIn, parseBlock, sizeOf } from "../block.ts";
import { type NetworkList, readList } from "../cni/config-list.ts";
import { networkNotFound, type UsableNetwork } from "../cni/network.ts";
import { bridgeOf, cniNameOf, type Definition, readDefinition } from "./record.ts";
import { enforceRules } from "./rules.ts";

/** The network as the plugins make it. */
export async function toUsable(
  host: Host,
  folder: string,
  definition: Definition,
): Promise<UsableNetwork> {
  const usable =
    definition.driver === "bridge"
      ? await onBridge(host, folder, definition)
      : await onParent(host, folder, definition);
  const { name, createdAt } = definition;
  return {
    ...usable,
    assertThere: async () => {
      const now = await readDefinition(folder, name);
      if (now?.createdAt !== createdAt) throw networkNotFound(name);
    },
  };
}

/** Links on an interface of this host. The addresses are the plugins' to give out, the rest is that network's. */
async function onParent(
  host: Host,
  folder: string,
  definition: Definition,
): Promise<UsableNetwork> {
  const { name, driver, parent, mode, mtu } = definition;
  const plugin = {
    type: driver,
    master: parent,
    ...(mode !== undefined && { mode }),
    ...(mtu !== undefined && { mtu }),
    // Links of one ipvlan have the Ethernet address of their parent.
    capabilities: { ips: true, ...(driver === "macvlan" && { mac: true }) },
    ipam: await addressing(host, folder, definition),
  };
  return { name, list: listOf(folder, name, [plugin]) };
}

async function onBridge(
  host: Host,
  folder: string,
  definition: Definition,
): Promise<UsableNetwork> {
  const { name, internal, mtu } = definition;
  const bridge = bridgeOf(folder, name);
  const plugins = [
    {
      type: "bridge",
      bridge,
      isGateway: true,
      hairpinMode: true,
      ...(mtu !== undefined && { mtu }),
      capabilities: { ips: true, mac: true },
      ipam: await addressing(host, folder, definition),
    },
    ...(internal ? [] : [{ type: "portmap", capabilities: { portMappings: true } }]),
    ...((await hasPlugin(host, "dnsname", pluginFolders(process.env)))
      ? [{ type: "dnsname", domainName: `${name}.internal`, capabilities: { aliases: true } }]
      : []),
  ];
  return {
    name,
    list: listOf(folder, name, plugins),
    bridge,
    further: async (on) => ((await hasWall(on)) ? [{ type: "firewall" }] : []),
    prepare: (on, signal) => enforceRules(on, definition, bridge, signal),
  };
}

function listOf(folder: string, name: string, plugins: readonly object[]): NetworkList {
  const list = { cniVersion: "1.0.0", name: cniNameOf(folder, name), plugins };
  return readList(list, `network ${name}`);
}

async function addressing(host: Host, folder: string, { internal, subnets }: Definition) {
  return {
    type: "host-local",
    dataDir: join(folder, ".leases", await host.bootId()),
    ranges: subnets.map((each) => [rangeOf(each)]),
    routes: internal ? [] : subnets.map(({ subnet }) => ({ dst: everything(subnet) })),
  };
}

function everything(subnet: string): string {
  return subnet.includes(":") ? "::/0" : "0.0.0.0/0";
}

function rangeOf({ subnet, gateway, ipRange }: Definition["subnets"][number]) {
  // host-local takes the first and the last address, or all of a subnet.
  return { subnet, gateway, ...(ipRange !== undefined && rangeEnds(ipRange)) };
}

function rangeEnds(ipRange: string): { rangeStart: string; rangeEnd: string } {
  const range = parseBlock(ipRange);
  const last = Number(sizeOf(range) < 65_536n ? sizeOf(range) - 1n : 65_535n);
  return { rangeStart: addressIn(range, 0), rangeEnd: addressIn(range, last) };
}

/**
 * Whether somebody on this host lets nothing be forwarded that is not named: docker, ufw, firewalld. Nobody does that
 * in a namespace of the user's own.
 */
async function hasWall(host: Host): Promise<boolean> {
  if (host.network.apart) return false;
  const firewalld = await access("/run/firewalld").then(
    () => true,
    () => false,
  );
  const iptables = await host.processes.which("iptables");
  if (firewalld || iptables === undefined) return firewalld;
  const { code, stdout } = await host.processes.run(iptables, ["-w", "-S", "FORWARD"], {
    timeoutMs: 60_000,
  });
  return code === 0 && (!/^-P FORWARD ACCEPT$/m.test(stdout) || /-j (DROP|REJECT)/.test(stdout));
}
