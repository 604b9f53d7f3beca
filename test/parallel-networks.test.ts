/** Sandboxes with networks, ports and policies that come and go at once, on real VMs, in a namespace that stands for the host. */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  enterOutside,
  type Outside,
  run,
} from "../packages/virtcontainers/test/network/cni/support/outside.ts";
import { leftovers, type TestInstance, testInstance } from "./support/instance.ts";

/** How many, and how many VMs there are at once; `VIRTC_PARALLEL=50` for more. */
const count = Number(process.env.VIRTC_PARALLEL ?? 8);
const atOnce = 8;

describe.skipIf(process.getuid?.() !== 0)("many networks at once (needs root)", () => {
  let outside: Outside;
  let instance: TestInstance;
  beforeAll(async () => {
    outside = await enterOutside();
    instance = await testInstance();
  });
  afterAll(async () => {
    await instance[Symbol.asyncDispose]();
    await outside.leave();
  });

  /** Links, addresses and rules of the host; not the chains that the plugins make for all. */
  const hostState = async (): Promise<string[]> => {
    const addresses = await run(outside.namespace, "ip", "-br", "address");
    const rules = await run(outside.namespace, "nft", "list", "ruleset");
    return [
      ...addresses.split("\n"),
      ...rules.split("\n").filter((line) => /dnat to|dport|addr [\da-f]*[:.]/.test(line)),
    ].map((line) => line.trim());
  };

  test("leave no link, address, rule, lease, namespace or process", {
    timeout: 300_000 + count * 60_000,
  }, async () => {
    const before = await hostState();
    const waiting = Array.from({ length: count }, (_, index) => index);
    const seen = new Set<string>();
    const life = async (index: number): Promise<void> => {
      const sandbox = await instance.vc.runSandbox({
        id: `many${index}`,
        containers: [{ id: "main", image: "busybox", waits: true }],
        network: index % 2 === 0 ? {} : { egress: { allow: ["example.com"] } },
        ports: [{ hostPort: 20_000 + index, containerPort: 80 }],
      });
      const links = (await sandbox.listInterfaces()).filter(({ name }) => name !== "lo");
      for (const { ipAddresses = [] } of links)
        for (const { address } of ipAddresses) seen.add(address);
      await sandbox.delete({ force: true });
    };
    const work = async (): Promise<void> => {
      for (let index = waiting.pop(); index !== undefined; index = waiting.pop()) await life(index);
    };
    const ended = await Promise.allSettled(Array.from({ length: atOnce }, work));
    expect(ended.filter(({ status }) => status === "rejected")).toEqual([]);
    expect(seen.size).toBeGreaterThanOrEqual(count);
    expect(leftovers(instance)).toEqual([]);
    expect(await hostState()).toEqual(before);
    const kept = readdirSync(join(instance.dataDir, "networks"), {
      recursive: true,
      encoding: "utf8",
    });
    const held = /\.uses\/.*\/|\.leases\/.*\/[\da-f]*[.:][\da-f.:]*$/;
    expect(kept.filter((path) => held.test(path))).toEqual([]);
  });
});
