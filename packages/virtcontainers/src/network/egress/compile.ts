import { createHash } from "node:crypto";
import type { EgressPolicy } from "../../config/network/egress/policy.ts";
import { type PortRange, parsePorts } from "../../config/network/egress/ports.ts";
import type { EgressRule } from "../../config/network/egress/rule.ts";
import { egressRuleText, parseEgressRule } from "../../config/network/egress/text.ts";
import { invalidArgument } from "../../errors.ts";
import { type Block, parseBlock } from "../block.ts";
import { without } from "./port-ranges.ts";

/** What of a rule is matched by addresses; without ports all of them. */
export interface DirectPart {
  /** `any` are also those that no rule can allow. */
  protocol: "tcp" | "udp" | "icmp" | "any";
  ports: readonly PortRange[] | undefined;
}

export interface CompiledRule {
  /** What connections that it allowed are marked with: the same for the same rule in every policy, 24 bits. */
  id: number;
  text: string;
  block: Block | undefined;
  domain: string | undefined;
  direct: readonly DirectPart[];
  /** TCP ports on which a connection is led by the name that it asks for. */
  tls: readonly PortRange[];
  http: readonly PortRange[];
}

export interface CompiledPolicy {
  default: "allow" | "deny";
  allow: readonly CompiledRule[];
  deny: readonly CompiledRule[];
}

/** Marks of connections that no rule of the policy allowed: see `ruleset/marks.ts`. */
export const reservedIds = 16;

const tlsPort = [{ from: 443, to: 443 }];
const httpPort = [{ from: 80, to: 80 }];

export function compilePolicy(policy: EgressPolicy): CompiledPolicy {
  const taken = new Set<number>();
  const compileAll = (rules: EgressPolicy["allow"], verb: "allow" | "deny"): CompiledRule[] => {
    const all = new Map<string, CompiledRule>();
    for (const rule of (rules ?? []).map(toRule)) {
      const text = egressRuleText(rule);
      if (!all.has(text))
        all.set(text, { id: idOf(`${verb}:${text}`, taken), text, ...parts(rule, verb) });
    }
    return [...all.values()];
  };
  return {
    default: policy.default ?? "deny",
    allow: compileAll(policy.allow, "allow"),
    deny: compileAll(policy.deny, "deny"),
  };
}

function toRule(rule: EgressRule | string): EgressRule {
  if (typeof rule !== "string") return rule;
  const parsed = parseEgressRule(rule);
  if (typeof parsed === "string") throw invalidArgument("egress", rule, parsed);
  return parsed;
}

function parts(
  { cidr, domain, ports, protocol }: EgressRule,
  verb: "allow" | "deny",
): Omit<CompiledRule, "id" | "text"> {
  const wanted = ports?.flatMap((port) => parsePorts(String(port)) ?? []);
  const block = cidr === undefined ? undefined : parseBlock(cidr);
  const common = { block, domain, direct: [], tls: [], http: [] };
  if (protocol === "tls") return { ...common, tls: wanted ?? tlsPort };
  if (protocol === "http") return { ...common, http: wanted ?? httpPort };
  if (protocol !== undefined) return { ...common, direct: [{ protocol, ports: wanted }] };
  if (verb === "deny" && wanted === undefined)
    return { ...common, direct: [{ protocol: "any", ports: undefined }] };
  const ping: DirectPart[] = wanted === undefined ? [{ protocol: "icmp", ports: undefined }] : [];
  const direct = (tcp: DirectPart["ports"], udp: DirectPart["ports"]): DirectPart[] => [
    { protocol: "tcp", ports: tcp },
    { protocol: "udp", ports: udp },
    ...ping,
  ];
  if (domain === undefined) return { ...common, direct: direct(wanted, wanted) };
  const all = wanted ?? [{ from: 1, to: 65_535 }];
  const has = (port: number): boolean => all.some(({ from, to }) => from <= port && port <= to);
  return {
    ...common,
    direct: direct(without(all, [80, 443]), without(all, [443])).filter(
      (part) => part.ports?.length !== 0,
    ),
    tls: has(443) ? tlsPort : [],
    http: has(80) ? httpPort : [],
  };
}

function idOf(text: string, taken: Set<number>): number {
  let id = createHash("sha256").update(text).digest().readUIntBE(0, 3);
  while (id < reservedIds || taken.has(id)) id = (id + 1) & 0xff_ffff;
  taken.add(id);
  return id;
}
