import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { tscKHz } from "../../src/host/tsc.ts";

test.skipIf(process.arch !== "x64")("the time stamp counter's speed is found", async () => {
  const khz = await tscKHz();
  // What the kernel names is the processor's speed of the moment, which is of the counter's order.
  const mhz = Number(/^cpu MHz\s*: (\d+)/m.exec(readFileSync("/proc/cpuinfo", "utf8"))?.[1]);
  expect((khz ?? 0) / 1000).toBeGreaterThan(mhz / 6);
  expect((khz ?? 0) / 1000).toBeLessThan(mhz * 6);
});
