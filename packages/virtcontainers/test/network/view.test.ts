import { expect, test } from "vitest";
import { viewOf } from "../../src/network/view.ts";

const guest = { mac: "", mtu: 1500, noArp: false, addresses: [], routes: [], neighbors: [] };
const host = { servers: [], searches: [], options: [] };
const dns = { nameservers: ["10.1.0.1"], search: [], options: [] };

function endpoint(name: string, address: string, gateway: string) {
  const common = { scope: 0, family: "v4" as const, onlink: false };
  return {
    ...{ id: name, type: "virtual" as const, model: "tcfilter" as const, ifindex: 2, index: 0 },
    name,
    guest: {
      ...guest,
      addresses: [
        { address, prefix: 24 },
        { address: "fe80::1", prefix: 64 },
      ],
      routes: [
        { ...common, dest: "192.0.2.0/24", gateway: "10.1.0.99" },
        { ...common, gateway },
      ],
    },
  };
}

test("a container is called by the addresses of its first network, whatever its link is called", () => {
  const endpoints = [
    endpoint("back0", "10.2.0.2", "10.2.0.1"),
    endpoint("eth0", "10.1.0.2", "10.1.0.1"),
  ];
  const attachment = { network: "front", addresses: [], gateways: [], routes: [], dns };
  const attachments = [
    { ...attachment, ifName: "eth0" },
    { ...attachment, ifName: "back0" },
  ];
  const expected = { addresses: ["10.1.0.2"], gateways: ["10.1.0.1"], dns: [dns, dns] };
  expect(viewOf({ endpoints, attachments }, {}, host)).toMatchObject(expected);
  // In a namespace that somebody else fills, the first link.
  expect(viewOf({ endpoints, attachments: [] }, {}, host)).toMatchObject({
    addresses: ["10.2.0.2"],
    gateways: ["10.2.0.1"],
    dns: [],
  });
  expect(viewOf({ endpoints: [], attachments: [] }, {}, host).addresses).toEqual([]);
});
