import { describe, expect, it } from "vitest";
import { createHost } from "../../../src/host/real.ts";
import { blockText, contains, isIn, parseBlock } from "../../../src/network/block.ts";
import { compilePolicy } from "../../../src/network/egress/compile.ts";
import { ruleOfName } from "../../../src/network/egress/names.ts";
import { merged, without } from "../../../src/network/egress/port-ranges.ts";
import { policyRuleset } from "../../../src/network/egress/ruleset/policy.ts";

describe("blocks of addresses", () => {
  it.each([
    ["10.1.2.3/8", "10.0.0.0/8"],
    ["0.0.0.0/0", "0.0.0.0/0"],
    ["198.51.100.7/32", "198.51.100.7"],
    ["FD00:0:0::1/8", "fd00::/8"],
    ["::ffff:10.0.0.1", "::ffff:a00:1"],
    ["2001:db8::1:0:0:1", "2001:db8::1:0:0:1"],
    ["::", "::"],
  ])("%s is %s", (text, normal) => {
    expect(blockText(parseBlock(text))).toBe(normal);
  });

  it("contain what is in them, of their own family", () => {
    expect(contains(parseBlock("10.0.0.0/8"), parseBlock("10.255.0.0/16"))).toBe(true);
    expect(contains(parseBlock("10.0.0.0/16"), parseBlock("10.0.0.0/8"))).toBe(false);
    expect(contains(parseBlock("::/0"), parseBlock("10.0.0.0/8"))).toBe(false);
    expect(isIn([parseBlock("fd00::/8")], "fdff::1")).toBe(true);
    expect(isIn([parseBlock("fd00::/8")], "fe00::1")).toBe(false);
  });
});

describe("ports", () => {
  it("are taken out of ranges, and put together where they touch", () => {
    expect(without([{ from: 1, to: 100 }], [1, 50, 100])).toEqual([
      { from: 2, to: 49 },
      { from: 51, to: 99 },
    ]);
    expect(
      merged([
        { from: 5, to: 9 },
        { from: 1, to: 4 },
        { from: 7, to: 12 },
      ]),
    ).toEqual([{ from: 1, to: 12 }]);
  });
});

describe("a compiled policy", () => {
  it("gives a rule the same id in every policy, by which its connections go on", () => {
    const [one] = compilePolicy({ allow: ["example.com:22"] }).allow;
    const [, two] = compilePolicy({
      allow: ["other.test", { domain: "example.com", ports: [22] }],
    }).allow;
    expect(one?.id).toBe(two?.id);
    expect(compilePolicy({ deny: ["example.com:22"] }).deny[0]?.id).not.toBe(one?.id);
  });

  it("opens no address for ports 80 and 443 of a name, unless it is told to", () => {
    const direct = (rule: string) => compilePolicy({ allow: [rule] }).allow[0]?.direct;
    expect(direct("example.com:443")).toEqual([]);
    expect(direct("example.com:80")).toEqual([{ protocol: "udp", ports: [{ from: 80, to: 80 }] }]);
    expect(direct("example.com:443/tcp")).toEqual([
      { protocol: "tcp", ports: [{ from: 443, to: 443 }] },
    ]);
    expect(direct("example.com:8443/tls")).toEqual([]);
  });

  it("speaks of names exactly, or of all below one", () => {
    const policy = compilePolicy({ allow: ["example.com", "*.test.org"], deny: ["bad.test.org"] });
    const allowed = (name: string) => ruleOfName(policy, name)?.allowed;
    expect(allowed("example.com")).toBe(true);
    expect(allowed("a.example.com")).toBeUndefined();
    expect(allowed("notexample.com")).toBeUndefined();
    expect(allowed("a.b.test.org")).toBe(true);
    expect(allowed("test.org")).toBeUndefined();
    expect(allowed("bad.test.org")).toBe(false);
  });
});

describe.skipIf(process.getuid?.() !== 0)("its rules (need root)", () => {
  const network = {
    taps: ["tap0", "tap1"].map((name) => ({
      name,
      mac: "02:00:00:00:00:02",
      addresses: ["10.9.0.2"],
    })),
    inbound: [{ protocol: "udp" as const, port: 53 }],
    internal: ["10.9.0.0/16"],
    servers: ["198.51.100.1", "2001:db8::53"],
  };
  const place = { uid: 1, dnsPort: 2, splicePort: 3 };
  const every = {
    allow: [
      "*",
      "*:1-10,5-20",
      "10.9.0.0/24",
      "[fd00::]/8:22/udp",
      "a.test",
      "b.test:80",
      "c.test/icmp",
      "*.d.test:1/http",
      "8.8.8.8/icmp",
    ],
    deny: ["10.0.0.0/8", "*/icmp", "[2001:db8::]/32:443/tcp", "evil.test"],
  };

  it.each([
    [{}],
    [{ default: "allow" as const }],
    [every],
    [{ default: "allow" as const, ...every }],
    [{ allow: Array.from({ length: 256 }, (_, index) => `n${index}.test`) }],
  ])("are taken by nft: %#", async (policy) => {
    const rules = policyRuleset(compilePolicy(policy), network, place);
    const nft = await createHost().processes.run("/usr/sbin/nft", ["-c", "-f", "-"], {
      input: rules,
    });
    expect(nft).toMatchObject({ code: 0, stderr: "" });
  });
});
