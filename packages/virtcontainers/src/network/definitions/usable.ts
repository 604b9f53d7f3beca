import { access } from "node:fs/promises";
import { join } from "node:path";
import { hasPlugin, pluginFolders } from "../../host/cni/find.ts";
import type { Host } from "../../host/host.ts";
import { addressIn, parseBlock, sizeOf } from "../block.ts";
import { readList } from "../cni/config-list.ts";
import type { UsableNetwork } from "../cni/network.ts";
import { bridgeOf, cniNameOf, type Definition } from "./record.ts";
import { enforceRules } from "./rules.ts";

/** The network as the plugins make it. */
export async function toUsable(
  host: Host,
  folder: string,
  definition: Definition,
): Promise<UsableNetwork> {
  const { name, internal, mtu, subnets } = definition;
  const bridge = bridgeOf(folder, name);
  const plugins = [
    {
      type: "bridge",
      bridge,
      isGateway: true,
      hairpinMode: true,
      ...(mtu !== undefined && { mtu }),
      capabilities: { ips: true, mac: true },
      ipam: {
        type: "host-local",
        dataDir: join(folder, ".leases", await host.bootId()),
        ranges: subnets.map((each) => [rangeOf(each)]),
        routes: internal ? [] : subnets.map(({ subnet }) => ({ dst: everything(subnet) })),
      },
    },
    ...(internal ? [] : [{ type: "portmap", capabilities: { portMappings: true } }]),
    ...((await hasPlugin(host, "dnsname", pluginFolders(process.env)))
      ? [{ type: "dnsname", domainName: `${name}.internal`, capabilities: { aliases: true } }]
      : []),
  ];
  const list = readList(
    { cniVersion: "1.0.0", name: cniNameOf(folder, name), plugins },
    `network ${name}`,
  );
  return {
    name,
    list,
    bridge,
    further: async (on) => ((await hasWall(on)) ? [{ type: "firewall" }] : []),
    prepare: (on, signal) => enforceRules(on, definition, bridge, signal),
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

/** Whether somebody on this host lets nothing be forwarded that is not named: docker, ufw, firewalld. */
async function hasWall(host: Host): Promise<boolean> {
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
