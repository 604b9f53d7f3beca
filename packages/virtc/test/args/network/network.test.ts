import { describe, expect, it } from "vitest";
import { parseNetworks } from "../../../src/args/network/network.ts";

describe("--network", () => {
  it.each([
    ["none", { kind: "none" }],
    ["ns:/run/netns/blue", { kind: "namespace", path: "/run/netns/blue" }],
    ["container:web", { kind: "container", id: "web" }],
    ["bridge", { kind: "networks", networks: [{ name: "bridge" }] }],
    ["n:", { kind: "networks", networks: [{ name: "n" }] }],
    [
      "back:ip=10.1.2.3,ip6=fd00::3,mac=02-00-00-00-00-0A,alias=db,alias=db.local,interface=back0",
      {
        kind: "networks",
        networks: [
          {
            name: "back",
            ip: "10.1.2.3",
            ip6: "fd00::3",
            macAddress: "02:00:00:00:00:0a",
            aliases: ["db", "db.local"],
            interfaceName: "back0",
          },
        ],
      },
    ],
    [
      "name=back,ip=fd00::3,mac-address=02:00:00:00:00:0a",
      {
        kind: "networks",
        networks: [{ name: "back", ip6: "fd00::3", macAddress: "02:00:00:00:00:0a" }],
      },
    ],
  ])("%s", (text, choice) => {
    expect(parseNetworks([text])).toEqual(choice);
  });

  it("takes several networks in their order", () => {
    expect(parseNetworks(["front", "back:ip=10.1.2.3"])).toEqual({
      kind: "networks",
      networks: [{ name: "front" }, { name: "back", ip: "10.1.2.3" }],
    });
  });

  it.each([
    [["host"], "a VM has a network of its own and can't have the host's; publish ports"],
    [[""], "it must be none, bridge, NAME, NAME:ip=ADDRESS"],
    [["-x"], "a network's name has 1 to 64 characters"],
    [["a b"], "a network's name has 1 to 64 characters"],
    [["ns:blue"], "it must be ns: and an absolute path, such as ns:/run/netns/blue"],
    [["ns:/run/../etc"], "it must be ns: and an absolute path"],
    [["container:"], '--network: "" is not allowed'],
    [["container:../x"], "it must have 2 to 64 characters"],
    [["a:ip=10.1.2"], "it must be an IPv4 or IPv6 address"],
    [["a:ip=10.1.2.3,ip=10.1.2.4"], "ip is given twice"],
    [["a:ip=fd00::1,ip6=fd00::2"], "ip is given twice"],
    [["a:mac=01:00:00:00:00:01"], "it must be an Ethernet address of one host"],
    [["a:mac=00:00:00:00:00:00"], "it must be an Ethernet address of one host"],
    [["a:alias=a..b"], "it must be a host name"],
    [["a:interface=0eth"], "an interface's name has 1 to 15 characters"],
    [["a:toString=1"], '"toString" is no key; there are ip, ip6, mac,'],
    [["a:ip"], '"ip" is no key'],
    [["a:ip=10.1.2.3,"], '"" is no key'],
    [["name=,ip=10.1.2.3"], "a network's name has 1 to 64 characters"],
    [["a", "a:ip=10.1.2.3"], "--network: a is given twice"],
    [["a", "none"], "--network none can't be used with another network"],
    [["container:web", "none"], "--network container:web can't be used with another network"],
  ])("refuses %j: %s", (texts, rule) => {
    expect(() => parseNetworks(texts)).toThrow(rule);
  });
});
