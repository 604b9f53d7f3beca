import { execFileSync } from "node:child_process";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { leftovers, type TestInstance, testInstance } from "./support/instance.ts";
import { connectedTo, crosses, joined, run, untouched } from "./support/net/connected.ts";
import {
  internetBy,
  internetByTap,
  type SmallInternet,
  webServer,
} from "./support/net/internet.ts";

let instance: TestInstance;
beforeAll(async () => {
  instance = await testInstance();
});
afterAll(async () => {
  await instance[Symbol.asyncDispose]();
  expect(leftovers(instance)).toEqual([]);
});

/** Whether the kernel knows a kind of link: one of it is made in a namespace that ends at once. */
function knows(kind: string): boolean {
  const script = `ip link add up0 type veth peer up1 && ip link add link up0 name x0 type ${kind}`;
  try {
    execFileSync("unshare", ["--net", "sh", "-c", script], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

const root = process.getuid?.() === 0;
const lacks = (kind: string) => !root || !knows(kind);

/** Each kind of link with each model that can join it. */
const matrix: [kind: string, models: string[], internet: () => Promise<SmallInternet>][] = [
  ["macvlan", ["tcfilter", "macvtap", "routed"], () => internetBy("macvlan")],
  ["ipvlan", ["tcfilter"], () => internetBy("ipvlan")],
  ["tuntap", ["tcfilter", "macvtap", "bridged", "routed"], internetByTap],
  ["macvtap", ["tcfilter"], () => internetBy("macvtap")],
];

for (const [kind, models, internet] of matrix) {
  describe.skipIf(kind === "tuntap" ? !root : lacks(kind))(`a link of the kind ${kind}`, () => {
    test.each(models)("is the guest's by %s, and as it was afterwards", async (model) => {
      const { sandbox: netns, server } = await internet();
      await webServer(server, kind);
      const networkConfig = { netNSPath: netns.path, interworkingModel: model };
      const sandbox = await connectedTo(instance, netns, `${kind}-${model}`, { networkConfig });
      await crosses(sandbox, server);
      await sandbox.delete({ force: true });
      expect(await joined(netns)).toEqual(untouched);
    });
  });
}

test.skipIf(lacks("macvlan"))("a macvlan by a bridge is refused by name", async () => {
  const { sandbox: netns } = await internetBy("macvlan");
  const networkConfig = { netNSPath: netns.path, interworkingModel: "bridged" };
  await expect(
    connectedTo(instance, netns, "macvlan-bridged", { networkConfig }),
  ).rejects.toMatchObject({ code: "NOT_SUPPORTED", field: "networkConfig.interworkingModel" });
  expect(await joined(netns)).toEqual(untouched);
});

test.skipIf(!root)(
  "what came and went is counted in the statistics of a container, by interface",
  async () => {
    const { sandbox: netns, server } = await internetByTap();
    await webServer(server, "counted");
    const sandbox = await connectedTo(instance, netns, "counted");
    const eth0 = async () => {
      const { networkStats } = await sandbox.statsContainer("main");
      const found = networkStats.find(({ name }) => name === "eth0");
      if (found === undefined) throw new Error("eth0 is not counted");
      return found;
    };
    const before = await eth0();
    await run(sandbox, "wget", "-qO", "/dev/null", "http://192.0.2.1/bytes/200000");
    const after = await eth0();
    expect(after.rxBytes - before.rxBytes).toBeGreaterThan(200_000);
    expect(after.rxPackets).toBeGreaterThan(before.rxPackets);
    expect(after.txBytes).toBeGreaterThan(before.txBytes);
    expect([after.rxErrors, after.txErrors, after.txDropped]).toEqual([0, 0, 0]);
  },
);
