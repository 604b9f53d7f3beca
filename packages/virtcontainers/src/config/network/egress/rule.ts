import * as v from "valibot";
import { cidrRule, isCidr } from "../cidr.ts";
import { domainPattern, domainRule } from "./domain.ts";
import { type EgressProtocol, egressProtocols, parsePorts, portsRule } from "./ports.ts";

/**
 * What connections of the guest a rule speaks of. Without address and name: all addresses but those that are always
 * denied (metadata services, the host, other sandboxes), which only a rule no wider than themselves opens.
 */
export interface EgressRule {
  /** An address or a block of them, such as 198.51.100.7, 10.0.0.0/8 or fd00::/8. */
  cidr?: string | undefined;
  /** A name such as example.com, or, as *.example.com, all that end in it. Not together with `cidr`. */
  domain?: string | undefined;
  /** Ports and ranges of them, such as 443 or "8000-8080", at most 64; default: all. */
  ports?: (number | string)[] | undefined;
  /**
   * Default: tcp, udp and, without ports, ping. For a name, port 443 is then `tls` and port 80 `http`: no address is
   * opened, but the connection is checked for the name that it asks for, and led to an address of that name.
   */
  protocol?: EgressProtocol | undefined;
}

const ports = v.pipe(
  v.array(
    v.pipe(
      v.union([v.number(), v.string()], portsRule),
      v.check((value) => parsePorts(String(value)) !== undefined, portsRule),
    ),
  ),
  v.minLength(1, "it must name a port; for all ports leave it out"),
  v.maxLength(64, "there can be at most 64 ports"),
);

export const EgressRuleSchema = v.pipe(
  v.strictObject({
    cidr: v.optional(v.pipe(v.string(cidrRule), v.check(isCidr, cidrRule))),
    domain: v.optional(
      v.pipe(v.string(domainRule), v.regex(domainPattern, domainRule), v.toLowerCase()),
    ),
    ports: v.optional(ports),
    protocol: v.optional(
      v.picklist(egressProtocols, `it must be one of ${egressProtocols.join(", ")}`),
    ),
  }),
  v.forward(
    v.check(
      ({ cidr, domain }) => cidr === undefined || domain === undefined,
      "a rule has a cidr or a domain, not both",
    ),
    ["domain"],
  ),
  v.forward(
    v.check(
      ({ ports: some, protocol }) => some === undefined || protocol !== "icmp",
      "icmp has no ports",
    ),
    ["ports"],
  ),
  v.forward(
    v.check(
      ({ domain, protocol }) => domain !== undefined || (protocol !== "tls" && protocol !== "http"),
      "tls and http need a domain",
    ),
    ["protocol"],
  ),
);
