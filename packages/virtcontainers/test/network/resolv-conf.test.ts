import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { hostResolvConf, parseResolvConf } from "../../src/host/resolv-conf.ts";
import { resolvConfText } from "../../src/network/resolv-conf.ts";
import { testFolder } from "../support/folder.ts";

const host = { servers: ["192.0.2.1"], searches: ["host.example"], options: ["timeout:2"] };
const nothing = { nameservers: [], search: [], options: [] };
const blue = { nameservers: ["10.1.0.1"], domain: "blue", search: ["b.example"], options: [] };

test.each<[string, Parameters<typeof resolvConfText>, string]>([
  [
    "the host's, where nobody says more",
    [{}, [nothing], host],
    "nameserver 192.0.2.1\nsearch host.example\noptions timeout:2\n",
  ],
  [
    "the network's servers, and its domains before the host's",
    [{}, [blue, nothing], host],
    "nameserver 10.1.0.1\nsearch b.example blue host.example\noptions timeout:2\n",
  ],
  [
    "what the configuration says goes before all",
    [{ servers: ["fd00::1"], searches: [], options: ["ndots:1"] }, [blue], host],
    "nameserver fd00::1\noptions ndots:1\n",
  ],
  [
    "each once",
    [{}, [blue, blue], { ...host, searches: ["blue"] }],
    "nameserver 10.1.0.1\nsearch b.example blue\noptions timeout:2\n",
  ],
  [
    "nothing that is none, whoever said it",
    [
      {},
      [
        {
          nameservers: ["evil\nnameserver 192.0.2.66", "10.1.0.2"],
          search: ["a b", "x\noptions y", "good."],
          options: ["debug\nx", "rotate"],
        },
      ],
      { servers: [], searches: [], options: [] },
    ],
    "nameserver 10.1.0.2\nsearch good.\noptions rotate\n",
  ],
  ["nobody to ask", [{}, [], { servers: [], searches: [], options: [] }], ""],
])("/etc/resolv.conf has %s", (_name, args, text) => {
  expect(resolvConfText(...args)).toBe(text);
});

test("resolv.conf is read as resolv.conf(5) says", () => {
  const text =
    "# search x\n; nameserver 192.0.2.9\n\tnameserver 192.0.2.1 192.0.2.2\nnameserver fd00::1\n" +
    "domain a\nsearch b c .\noptions ndots:2 rotate\noptions edns0\nnonsense\nnameserver\n";
  expect(parseResolvConf(text)).toEqual({
    servers: ["192.0.2.1", "fd00::1"],
    searches: ["b", "c"],
    options: ["ndots:2", "rotate", "edns0"],
  });
});

test("servers on loopback are out of a guest's reach: those behind them are asked", async () => {
  const folder = await testFolder();
  const [stub, behind] = [join(folder, "stub"), join(folder, "behind")];
  const local = "nameserver 127.0.0.53\nnameserver ::1\nnameserver fe80::1%eth0\nsearch a\n";
  writeFileSync(stub, local);
  writeFileSync(behind, "nameserver 127.0.0.1\nnameserver 192.0.2.7\nsearch b\n");
  expect(await hostResolvConf([stub, behind])).toEqual({
    servers: ["192.0.2.7"],
    searches: ["a"],
    options: [],
  });
  const none = await hostResolvConf([stub, join(folder, "none")]);
  expect(none).toEqual({ servers: [], searches: ["a"], options: [] });
  expect((await hostResolvConf([join(folder, "none")])).servers).toEqual([]);
});
