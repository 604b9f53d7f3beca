import type { Host } from "../../host/host.ts";
import { runNft, tableOf } from "../../store/network/bridge.ts";
import { bridgePrefix, type Definition } from "./record.ts";

/** Where clouds tell a machine its secrets, and addresses that are of one link. */
const metadata = {
  ip: "{ 127.0.0.0/8, 169.254.0.0/16 }",
  ip6: "{ fe80::/10, fd00:ec2::254 }",
};

/** The rules of a network: its way out, and the walls around it. A pure function. */
export function rulesOf(definition: Definition, bridge: string): string {
  const { subnets, internal, hostAccess } = definition;
  const table = tableOf(bridge);
  const families = subnets.map((each) => ({
    ...each,
    family: each.subnet.includes(":") ? ("ip6" as const) : ("ip" as const),
  }));
  const lacking = (["ip", "ip6"] as const).filter((f) => !families.some((has) => has.family === f));
  const forward = [
    "ct state established,related accept",
    ...families.map(({ family, subnet }) => `iifname ${bridge} ${family} saddr != ${subnet} drop`),
    ...lacking.map((family) => `iifname ${bridge} meta nfproto ${protocols[family]} drop`),
    `iifname ${bridge} oifname ${bridge} accept`,
    ...families.map(({ family }) => `iifname ${bridge} ${family} daddr ${metadata[family]} drop`),
    `iifname ${bridge} oifname "${bridgePrefix}*" drop`,
    ...(internal ? [`iifname ${bridge} drop`, `oifname ${bridge} drop`] : []),
  ];
  const input = hostAccess ? [] : hostWall(bridge, families);
  const out = families.map(
    ({ family, subnet }) => `${family} saddr ${subnet} oifname != ${bridge} masquerade`,
  );
  return [
    // A table that is added is there, so that it can be deleted.
    `add table inet ${table}`,
    `delete table inet ${table}`,
    `table inet ${table} {`,
    ...chain("forward", "type filter hook forward priority filter - 5; policy accept;", forward),
    ...chain("input", "type filter hook input priority filter - 5; policy accept;", input),
    ...chain(
      "out",
      "type nat hook postrouting priority srcnat; policy accept;",
      internal ? [] : out,
    ),
    "}",
    "",
  ].join("\n");
}

const protocols = { ip: "ipv4", ip6: "ipv6" } as const;

/** Of this host a guest reaches the names of its network, and what makes IP work. */
function hostWall(bridge: string, subnets: { family: "ip" | "ip6"; gateway: string }[]): string[] {
  const names = subnets.map(
    ({ family, gateway }) =>
      `iifname ${bridge} ${family} daddr ${gateway} meta l4proto { tcp, udp } th dport 53 accept`,
  );
  return [
    `iifname ${bridge} ct state established,related accept`,
    ...names,
    `iifname ${bridge} icmp type echo-request accept`,
    `iifname ${bridge} icmpv6 type { echo-request, nd-neighbor-solicit, nd-neighbor-advert, nd-router-solicit, mld-listener-query, mld-listener-report, mld2-listener-report } accept`,
    `iifname ${bridge} drop`,
  ];
}

function chain(name: string, head: string, rules: readonly string[]): string[] {
  return rules.length === 0 ? [] : [`chain ${name} {`, head, ...rules, "}"];
}

/** Puts them in force, also where somebody has taken them away. HOST_REQUIREMENT, HOST_FAILED. */
export async function enforceRules(
  host: Host,
  definition: Definition,
  bridge: string,
  signal: AbortSignal,
): Promise<void> {
  await runNft(host, rulesOf(definition, bridge), signal);
}
