import { cidrRule, isCidr } from "../cidr.ts";
import { domainPattern, domainRule } from "./domain.ts";
import { type EgressProtocol, egressProtocols, parsePorts, portsRule } from "./ports.ts";
import type { EgressRule } from "./rule.ts";

const form =
  "a rule is ADDRESS, BLOCK, DOMAIN or * with, as you like, :PORTS and /PROTOCOL, such as example.com:443 or 10.0.0.0/8:53/udp";

/** Reads `TARGET[:PORTS][/PROTOCOL]`; a text that comes back says what is wrong with it. */
export function parseEgressRule(text: string): EgressRule | string {
  const { rest, protocol } = splitProtocol(text);
  const found = /^\[([0-9a-fA-F:.]+)\](\/\d+)?(?::(.+))?$/.exec(rest);
  if (found !== null) return build(`${found[1]}${found[2] ?? ""}`, found[3], protocol);
  // An IPv6 address has colons of its own.
  if (isCidr(rest)) return build(rest, undefined, protocol);
  const [target = "", ports, ...more] = rest.split(":");
  if (more.length > 0) return `${form}; put an IPv6 address into brackets, as [fd00::1]:443`;
  return build(target, ports, protocol);
}

/** The text of a rule, which reads as the same rule. */
export function egressRuleText({ cidr, domain, ports, protocol }: EgressRule): string {
  const target = cidr?.includes(":") ? `[${cidr.replace(/\/|$/, "]$&")}` : (cidr ?? domain ?? "*");
  const at = ports === undefined ? "" : `:${ports.join(",")}`;
  return `${target}${at}${protocol === undefined ? "" : `/${protocol}`}`;
}

function splitProtocol(text: string): { rest: string; protocol: EgressProtocol | undefined } {
  const protocol = egressProtocols.find((name) => text.endsWith(`/${name}`));
  return protocol === undefined
    ? { rest: text, protocol }
    : { rest: text.slice(0, -protocol.length - 1), protocol };
}

function build(
  target: string,
  ports: string | undefined,
  protocol: EgressProtocol | undefined,
): EgressRule | string {
  const rule: EgressRule = {};
  if (isCidr(target)) rule.cidr = target;
  else if (domainPattern.test(target)) rule.domain = target.toLowerCase();
  else if (/^[\d./]+$/.test(target) || target.includes("/")) return `${cidrRule}; ${form}`;
  else if (target !== "*") return target === "" ? form : `${domainRule}; ${form}`;
  if (ports !== undefined) {
    rule.ports = ports.split(",");
    if (!rule.ports.every((port) => parsePorts(String(port)) !== undefined)) return portsRule;
  }
  if (protocol !== undefined) rule.protocol = protocol;
  return rule;
}
