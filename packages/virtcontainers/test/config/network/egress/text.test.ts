import { describe, expect, it } from "vitest";
import {
  type EgressPolicy,
  EgressPolicySchema,
} from "../../../../src/config/network/egress/policy.ts";
import { egressRuleText, parseEgressRule } from "../../../../src/config/network/egress/text.ts";
import { parse } from "../../../../src/validate.ts";

describe("a rule's text", () => {
  it.each([
    ["example.com", { domain: "example.com" }],
    ["*.Example.com:443", { domain: "*.example.com", ports: ["443"] }],
    ["example.com:8443/tls", { domain: "example.com", ports: ["8443"], protocol: "tls" }],
    ["198.51.100.7", { cidr: "198.51.100.7" }],
    ["10.0.0.0/8", { cidr: "10.0.0.0/8" }],
    [
      "10.0.0.0/8:53,8000-8080/udp",
      { cidr: "10.0.0.0/8", ports: ["53", "8000-8080"], protocol: "udp" },
    ],
    ["10.0.0.0/8/icmp", { cidr: "10.0.0.0/8", protocol: "icmp" }],
    ["fd00::/8", { cidr: "fd00::/8" }],
    ["fd00::1", { cidr: "fd00::1" }],
    ["[fd00::]/8:443", { cidr: "fd00::/8", ports: ["443"] }],
    ["[fd00::1]:443/tcp", { cidr: "fd00::1", ports: ["443"], protocol: "tcp" }],
    ["*:22", { ports: ["22"] }],
    ["*", {}],
  ])("%s", (text, rule) => {
    expect(parseEgressRule(text)).toEqual(rule);
    expect(parseEgressRule(egressRuleText(rule as never))).toEqual(rule);
    expect(() => parse(EgressPolicySchema, { allow: [rule, text] })).not.toThrow();
  });

  it.each([
    ["", "a rule is"],
    ["10.0.0.0/33", "it must be an address or a block"],
    ["10.0.0", "it must be an address or a block"],
    ["999.1.1.1", "it must be an address or a block"],
    ["localhost", "it must be a name of two labels"],
    ["*.com.*", "it must be a name of two labels"],
    ["a..b", "it must be a name of two labels"],
    ["example.com:0", "a port is a number"],
    ["example.com:70000", "a port is a number"],
    ["example.com:90-80", "a port is a number"],
    ["example.com:", "a port is a number"],
    ["fd00::1:443:x", "brackets"],
    ["example.com/sctp", "it must be an address or a block"],
    ["https://example.com", "it must be a name of two labels"],
  ])("%s is refused", (text, why) => {
    expect(parseEgressRule(text)).toContain(why);
    expect(() => parse(EgressPolicySchema, { allow: [text] })).toThrow(why);
  });
});

describe("a policy", () => {
  it.each<[unknown, string]>([
    [
      { allow: [{ cidr: "10.0.0.0/8", domain: "example.com" }] },
      'allow.0.domain: {"cidr":"10.0.0.0/8","domain":"example.com"} is not allowed; a rule has a cidr or a domain',
    ],
    [{ allow: [{ cidr: "10.0.0.1", protocol: "tls" }] }, "tls and http need a domain"],
    [{ deny: [{ protocol: "icmp", ports: [1] }] }, "icmp has no ports"],
    [{ deny: ["*:1/icmp"] }, "icmp has no ports"],
    [{ allow: [{ ports: [] }] }, "it must name a port"],
    [{ allow: [{ port: 1 }] }, "port is not a known field"],
    [{ allow: Array(257).fill("example.com") }, "at most 256 rules"],
    [{ default: "reject" }, "it must be allow or deny"],
  ])("%# is refused", (policy, why) => {
    expect(() => parse(EgressPolicySchema, policy)).toThrow(why);
  });

  it("is taken as it is written", () => {
    const policy: EgressPolicy = {
      default: "deny",
      allow: ["example.com", { ports: [443, "80-90"] }],
    };
    expect(parse(EgressPolicySchema, policy)).toEqual(policy);
  });
});
