import type { PortRange } from "../../../config/network/egress/ports.ts";
import { type Block, blockText } from "../../block.ts";
import type { CompiledRule, DirectPart } from "../compile.ts";
import { merged } from "../port-ranges.ts";
import { nameSet } from "./names.ts";

type Family = Block["family"];

export function portSet(ranges: readonly PortRange[]): string {
  const texts = merged(ranges).map(({ from, to }) => (from === to ? `${from}` : `${from}-${to}`));
  return `{ ${texts.join(", ")} }`;
}

/** Conditions for packets that the guest sends on a connection that a rule speaks of, each of them enough. */
export function sent(rule: CompiledRule): string[] {
  return conditions(rule, "daddr", "dport");
}

/** The same for what comes back. */
export function returned(rule: CompiledRule): string[] {
  return conditions(rule, "saddr", "sport");
}

function conditions(
  rule: CompiledRule,
  address: "daddr" | "saddr",
  port: "dport" | "sport",
): string[] {
  const places = placesOf(rule, address);
  return rule.direct.flatMap((part) =>
    places.map(({ family, text }) => `${text} ${protocolOf(part, family, port)}`.trim()),
  );
}

function placesOf(
  { block, domain, id }: CompiledRule,
  address: string,
): { family: Family; text: string }[] {
  if (block !== undefined)
    return [{ family: block.family, text: `${ip(block.family)} ${address} ${blockText(block)}` }];
  return ([4, 6] as const).map((family) => ({
    family,
    text:
      domain === undefined
        ? `meta nfproto ipv${family}`
        : `${ip(family)} ${address} @${nameSet(id, family)}`,
  }));
}

function ip(family: Family): string {
  return family === 4 ? "ip" : "ip6";
}

function protocolOf({ protocol, ports }: DirectPart, family: Family, port: string): string {
  if (protocol === "icmp") {
    const type = port === "dport" ? "echo-request" : "echo-reply";
    return family === 4 ? `icmp type ${type}` : `icmpv6 type ${type}`;
  }
  if (protocol === "any") return "";
  if (ports === undefined) return `meta l4proto ${protocol}`;
  return `${protocol} ${port} ${portSet(ports)}`;
}
