import { describe, expect, it } from "vitest";
import { networkPart } from "../../src/network/config.ts";
import { exposed } from "../../src/network/exposed.ts";
import type { NetworkOptions } from "../../src/network/options.ts";
import { orDefault } from "../../src/network/or-default.ts";
import { parseNetwork } from "../../src/network/request.ts";
import { fakeLibrary } from "../support/library.ts";

const nothing: NetworkOptions = {
  network: [],
  publish: [],
  dns: [],
  dnsSearch: [],
  dnsOption: [],
  addHost: [],
  networkAlias: [],
  egress: [],
};

function part(options: Partial<NetworkOptions>, env: NodeJS.ProcessEnv = {}) {
  return networkPart(parseNetwork({ ...nothing, ...options }, env), []);
}

describe("the network that is asked for", () => {
  it("is the default unless something says otherwise", () => {
    expect(parseNetwork(nothing, {}).choice).toEqual({ kind: "default" });
    expect(part({ network: ["none"] })).toEqual({});
  });

  it("by default is what the library says, and nothing where that is none", async () => {
    const settled = async (options: Partial<NetworkOptions>, byDefault: string) => {
      const { networks } = fakeLibrary(async () => 0);
      const library = { networks: { ...networks, default: async () => byDefault } };
      const request = parseNetwork({ ...nothing, ...options }, {});
      return networkPart(await orDefault(request, library, new AbortController().signal), []);
    };
    expect(await settled({}, "bridge")).toEqual({ network: { networks: [{ name: "bridge" }] } });
    expect(await settled({}, "none")).toEqual({});
    expect(await settled({ network: ["none"] }, "bridge")).toEqual({});
  });

  it("is that of VIRTC_NETWORK, which --network goes before", () => {
    expect(part({}, { VIRTC_NETWORK: "blue" })).toEqual({
      network: { networks: [{ name: "blue" }] },
    });
    expect(part({ network: ["red"] }, { VIRTC_NETWORK: "blue" })).toEqual({
      network: { networks: [{ name: "red" }] },
    });
    expect(part({ network: ["none"] }, { VIRTC_NETWORK: "blue" })).toEqual({});
    expect(() => part({}, { VIRTC_NETWORK: "host" })).toThrow(/^VIRTC_NETWORK: "host" is not/);
  });

  it.each<[Partial<NetworkOptions>]>([
    [{ publish: ["80"] }],
    [{ publishAll: true }],
    [{ dns: ["10.0.0.1"] }],
    [{ addHost: ["db:10.0.0.1"] }],
    [{ ip: "10.0.0.2" }],
    [{ egress: ["default:deny"] }],
    [{ rxRate: "10m" }],
  ])("is the bridge where %j needs one", (options) => {
    expect(part(options).network?.networks?.[0]?.name).toBe("bridge");
  });

  it("has what all options say of it", () => {
    const options = {
      network: ["blue:alias=a"],
      ip: "10.0.0.2",
      ip6: "fd00::2",
      macAddress: "02:00:00:00:00:01",
      networkAlias: ["b"],
      dns: ["10.0.0.1"],
      addHost: ["db:10.0.0.3"],
      rxRate: "1m",
      txRate: "2m",
    };
    expect(part(options)).toEqual({
      network: {
        networks: [
          {
            name: "blue",
            ip: "10.0.0.2",
            ip6: "fd00::2",
            macAddress: "02:00:00:00:00:01",
            aliases: ["a", "b"],
          },
        ],
        dns: { servers: ["10.0.0.1"] },
        hosts: [{ name: "db", address: "10.0.0.3" }],
        rxRateBits: 1_000_000,
        txRateBits: 2_000_000,
      },
    });
  });

  it("may be a namespace, with names of one's own", () => {
    const options = { network: ["ns:/run/netns/blue"], dns: ["10.0.0.1"] };
    expect(part(options)).toEqual({
      networkConfig: { netNSPath: "/run/netns/blue" },
      network: { dns: { servers: ["10.0.0.1"] } },
    });
  });

  it.each<[Partial<NetworkOptions>, string]>([
    [{ network: ["none"], publish: ["80"] }, "--publish can't be used without a network"],
    [{ network: ["none"], dns: ["10.0.0.1"] }, "--dns can't be used without a network"],
    [{ network: ["container:web"], ip: "10.0.0.1" }, "--ip can't be used with --network container"],
    [{ network: ["ns:/n"], publish: ["80"] }, "--publish can't be used with --network ns:/n"],
    [{ network: ["ns:/n"], networkAlias: ["a"] }, "--network-alias can't be used with --network"],
    [{ network: ["a", "b"], ip: "10.0.0.1" }, "are for a single network"],
    [{ ip: "fd00::1" }, '--ip: "fd00::1" is not allowed; it must be an IPv4 address'],
    [{ ip6: "10.0.0.1" }, '--ip6: "10.0.0.1" is not allowed; it must be an IPv6 address'],
    [{ macAddress: "x" }, '--mac-address: "x" is not allowed; it must be an Ethernet address'],
    [{ networkAlias: ["-"] }, '--network-alias: "-" is not allowed; it must be a host name'],
    [{ rxRate: "1" }, '--rx-rate: "1" is not allowed; it must be a rate'],
    [{ publish: ["1-1025"] }, "--publish: at most 1024 ports can be published"],
  ])("refuses %j: %s", (options, message) => {
    expect(() => part(options)).toThrow(message);
  });
});

it("an image's EXPOSE is read with care", () => {
  const port = (containerPort: number, protocol = "tcp") => ({
    ...{ containerPort, protocol },
    ...{ hostIP: undefined, hostPorts: undefined },
  });
  expect(exposed(["80/tcp", "53/udp", "80", "90", "100-101/sctp"], 5)).toEqual([
    ...[port(80), port(53, "udp"), port(90), port(100, "sctp"), port(101, "sctp")],
  ]);
  expect(exposed(["0/tcp", "65536", "5-4", "80/icmp", "", "a", "80/toString"], 5)).toEqual([]);
  expect(exposed(["1-65535"], 1024)).toBeUndefined();
});
