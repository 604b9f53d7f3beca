import { describe, expect, it } from "vitest";
import { parseDns } from "../../../src/args/network/dns.ts";
import { parseAddHost } from "../../../src/args/network/hosts.ts";
import { parseRate } from "../../../src/args/network/rate.ts";

describe("--add-host", () => {
  it.each([
    ["db:10.1.2.3", { name: "db", address: "10.1.2.3" }],
    ["db=10.1.2.3", { name: "db", address: "10.1.2.3" }],
    ["db:fd00::3", { name: "db", address: "fd00::3" }],
    ["db=[fd00::3]", { name: "db", address: "fd00::3" }],
    ["this.host:host-gateway", { name: "this.host", address: "host-gateway" }],
  ])("%s", (text, entry) => {
    expect(parseAddHost(text)).toEqual(entry);
  });

  it.each([
    ["db", "it must be NAME:ADDRESS"],
    [":10.1.2.3", "it must be NAME:ADDRESS"],
    ["db:", "it must be NAME:ADDRESS"],
    ["db:host", "it must be an IPv4 or IPv6 address"],
    ["a b:10.1.2.3", "it must be a host name"],
    ["db\n:10.1.2.3", "it must be a host name"],
  ])("refuses %j: %s", (text, rule) => {
    expect(() => parseAddHost(text)).toThrow(
      `--add-host: ${JSON.stringify(text)} is not allowed; ${rule}`,
    );
  });
});

describe("--dns, --dns-search and --dns-option", () => {
  const none = { dns: [], dnsSearch: [], dnsOption: [] };

  it("say what resolv.conf has; nothing where nothing was said", () => {
    expect(parseDns(none)).toBeUndefined();
    const all = { dns: ["10.0.0.1", "fd00::1"], dnsSearch: ["a.b"], dnsOption: ["ndots:2"] };
    expect(parseDns(all)).toEqual({
      servers: ["10.0.0.1", "fd00::1"],
      searches: ["a.b"],
      options: ["ndots:2"],
    });
    expect(parseDns({ ...none, dnsSearch: ["."] })).toEqual({ searches: [] });
  });

  it.each([
    [{ dns: ["localhost"] }, '--dns: "localhost" is not allowed; it must be an IPv4 or IPv6'],
    [{ dnsSearch: ["a b"] }, '--dns-search: "a b" is not allowed; it must be a host name'],
    [{ dnsOption: ["ndots 2"] }, '--dns-option: "ndots 2" is not allowed; it must be an option'],
    [{ dns: Array(9).fill("10.0.0.1") }, "--dns can be given at most 8 times"],
  ])("refuse %j: %s", (texts, rule) => {
    expect(() => parseDns({ ...none, ...texts })).toThrow(rule);
  });
});

describe("rates", () => {
  it.each([
    ["8000", 8000],
    ["10m", 10_000_000],
    ["1.5Gbit", 1_500_000_000],
  ])("%s", (text, bits) => {
    expect(parseRate("--rx-rate", text)).toBe(bits);
  });

  it.each(["", "7999", "10x", "1e9", "-1m", "10mbps", "99999999g"])("refuse %j", (text) => {
    expect(() => parseRate("--rx-rate", text)).toThrow(
      /^--rx-rate: .* it must be a rate in bits per second from 8000/,
    );
  });
});
