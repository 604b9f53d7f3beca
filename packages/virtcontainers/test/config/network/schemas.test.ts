import { expect, test } from "vitest";
import { NetworkOptionsSchema } from "../../../src/config/network/definition.ts";
import { NetworkConfigSchema } from "../../../src/config/network/low-level.ts";
import { SandboxNetworkSchema } from "../../../src/config/network/network.ts";
import { PortMappingsSchema } from "../../../src/config/network/port.ts";
import { parse } from "../../../src/validate.ts";
import { thrown } from "../../support/refusal.ts";

const network = (value: unknown) => parse(SandboxNetworkSchema, value, "network");
const refused = (value: unknown) => thrown(() => network(value));

test("takes a whole network, and an Ethernet address in small letters", () => {
  const whole = {
    networks: [
      { name: "bridge", ip: "10.1.2.3", ip6: "fd00::3", macAddress: "02:00:00:00:AB:01" },
      { name: "back", interfaceName: "back0", aliases: ["db", "db.example"] },
    ],
    dns: { servers: ["10.1.2.1", "fd00::1"], searches: ["example"], options: ["ndots:1"] },
    hosts: [
      { name: "db.example", address: "10.9.9.9" },
      { name: "this.host", address: "host-gateway" },
    ],
    rxRateBits: 8000,
    txRateBits: 1_000_000,
  };
  expect(network(whole).networks?.[0]?.macAddress).toBe("02:00:00:00:ab:01");
});

test.each([
  [{ networks: [{ name: "a" }, { name: "a" }] }, "network.networks"],
  [{ networks: [{ name: "../x" }] }, "network.networks.0.name"],
  [{ networks: [{ name: "a", ip: "10.1.2" }] }, "network.networks.0.ip"],
  [{ networks: [{ name: "a", ip: "fd00::3" }] }, "network.networks.0.ip"],
  [{ networks: [{ name: "a", ip6: "fe80::1%eth0" }] }, "network.networks.0.ip6"],
  [{ networks: [{ name: "a", macAddress: "01:00:5e:00:00:01" }] }, "network.networks.0.macAddress"],
  [{ networks: [{ name: "a", macAddress: "00:00:00:00:00:00" }] }, "network.networks.0.macAddress"],
  [{ networks: [{ name: "a", interfaceName: "a/b" }] }, "network.networks.0.interfaceName"],
  [
    { networks: [{ name: "a", interfaceName: "a".repeat(16) }] },
    "network.networks.0.interfaceName",
  ],
  [{ dns: { options: ["nameserver 1.2.3.4"] } }, "network.dns.options.0"],
  [{ dns: { searches: ["a b"] } }, "network.dns.searches.0"],
  [{ hosts: [{ name: "x", address: "y" }] }, "network.hosts.0.address"],
  [{ rxRateBits: 1 }, "network.rxRateBits"],
  [{ dnsServers: [] }, "network.dnsServers"],
])("refuses %j by the field %s", (value, field) => {
  expect(refused(value)).toMatchObject({ code: "INVALID_ARGUMENT", field });
});

test("a port of the host can be given once", () => {
  const ports = (value: unknown) => parse(PortMappingsSchema, value, "ports");
  const web = { hostPort: 8080, containerPort: 80 };
  expect(ports([web, { ...web, protocol: "udp" }, { ...web, hostIP: "127.0.0.1" }])).toHaveLength(
    3,
  );
  expect(thrown(() => ports([web, { ...web, protocol: "tcp" }]))).toMatchObject({ field: "ports" });
  expect(thrown(() => ports([{ ...web, hostPort: 0 }]))).toMatchObject({
    field: "ports.0.hostPort",
  });
});

test("a namespace is somebody's, or there is none", () => {
  const config = { netNSPath: "/run/netns/a", disableNewNetNs: true };
  expect(thrown(() => parse(NetworkConfigSchema, config))).toMatchObject({
    field: "disableNewNetNs",
  });
});

test("a network that is to be made says its addresses, one subnet of each kind", () => {
  const made = (value: unknown) => parse(NetworkOptionsSchema, value, "options");
  const four = { subnet: "10.90.0.0/24", gateway: "10.90.0.1", ipRange: "10.90.0.128/25" };
  const whole = { name: "front", subnets: [four, { subnet: "fd00:90::/64" }], mtu: 1400 };
  expect(made(whole)).toEqual(whole);
  expect(made({})).toEqual({});
  for (const [value, field] of [
    [{ subnets: [four, four] }, "options.subnets"],
    [{ subnets: [{ subnet: "10.90.0.0/33" }] }, "options.subnets.0.subnet"],
    [{ subnets: [{ subnet: "10.90.0.0" }] }, "options.subnets.0.subnet"],
    [{ subnets: [{ ...four, gateway: "x" }] }, "options.subnets.0.gateway"],
    [{ mtu: 100 }, "options.mtu"],
    [{ name: "-x" }, "options.name"],
  ] as const)
    expect(thrown(() => made(value))).toMatchObject({ field });
});
