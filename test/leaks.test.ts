import { readdirSync, readFileSync } from "node:fs";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { expect, test } from "vitest";
import { leftovers, type TestInstance, testInstance } from "./support/instance.ts";

/** `VIRTC_CYCLES=1000` for a night. */
const cycles = Number(process.env.VIRTC_CYCLES ?? 100);
const atOnce = 2;
const mebibyte = 1024 * 1024;

setFlagsFromString("--expose-gc");
const collect: () => void = runInNewContext("gc");

/** What this process and the state folder hold, after everything that can go has gone. */
function holdings({ stateDir, dataDir }: TestInstance) {
  collect();
  const list = (path: string) => readdirSync(path, { recursive: true });
  return {
    descriptors: readdirSync("/proc/self/fd").length,
    files: [...list(stateDir), ...list(dataDir)].sort(),
    // Those of others come and go meanwhile.
    mounts: readFileSync("/proc/self/mountinfo", "utf8")
      .split("\n")
      .filter((line) => line.includes(stateDir) || line.includes(dataDir)),
    rss: process.memoryUsage().rss,
  };
}

test("real VMs one after another leave everything as it was", {
  timeout: (60 + cycles * 20) * 1000,
}, async () => {
  await using instance = await testInstance();
  let begun = 0;
  const cycle = async (): Promise<void> => {
    const disk = ++begun % 5 === 0 ? { scratchMiB: 16 } : {};
    const main = { id: "main", image: "busybox", waits: true, ...disk };
    await using sandbox = await instance.vc.runSandbox(
      { containers: [main] },
      { deleteOnDispose: true },
    );
    expect((await sandbox.exec(["echo", "hi"])).stdout).toBe("hi\n");
  };
  const work = async (until: number): Promise<void> => {
    while (begun < until) await cycle();
  };
  const all = (until: number) => Promise.all(Array.from({ length: atOnce }, () => work(until)));
  await all(6);
  const before = holdings(instance);
  await all(cycles);
  const after = holdings(instance);
  expect(after.files).toEqual(before.files);
  expect(after.mounts).toEqual(before.mounts);
  // Closing goes through a queue; a few may still be on their way.
  expect(after.descriptors).toBeLessThan(before.descriptors + 8);
  expect(after.rss).toBeLessThan(before.rss + 64 * mebibyte);
  expect(leftovers(instance)).toEqual([]);
});
