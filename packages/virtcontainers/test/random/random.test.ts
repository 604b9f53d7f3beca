import { closeSync, openSync } from "node:fs";
import { createServer } from "node:net";
import { describe, expect, test } from "vitest";
import type { Call } from "./history.ts";
import { grown, holdings } from "./holdings.ts";
import { isExplained } from "./model.ts";
import { runRandomly } from "./run.ts";

test("random calls of several processes, with aborts, faults and kills, are explained by some order", async () => {
  const options = { seconds: 15, seed: 1, processes: 2, kills: true, vm: false };
  const { counts, violations } = await runRandomly(options);
  expect(violations).toEqual([]);
  expect(counts.histories).toBeGreaterThan(0);
}, 300_000);

test("descriptors, handles and memory that a process keeps are told", async () => {
  const before = holdings();
  const kept = {
    files: Array.from({ length: 8 }, () => openSync(import.meta.filename, "r")),
    server: createServer().listen(0),
    memory: Buffer.alloc(64 * 1024 * 1024, 1),
  };
  expect(grown(before, holdings())).toEqual([
    expect.stringContaining("descriptors"),
    expect.stringContaining("TCPServerWrap"),
    expect.stringContaining("MiB"),
  ]);
  expect(kept.memory).toHaveLength(64 * 1024 * 1024);
  for (const file of kept.files) closeSync(file);
  await new Promise((resolve) => kept.server.close(resolve));
  expect(grown(before, before)).toEqual([]);
});

/** One call after the other, unless it says otherwise. */
function history(...calls: Partial<Call>[]): Call[] {
  return calls.map((call, n) => ({
    process: 0,
    n,
    id: "s1",
    verb: "list",
    began: 10 * n,
    ended: 10 * n + 5,
    outcome: "ok",
    ...call,
  }));
}

describe("the model", () => {
  const run: Partial<Call> = { verb: "run" };
  const annotated: Partial<Call> = { verb: "annotate", key: "k" };
  test.each<[string, boolean, Call[]]>([
    ["what was written is seen", true, history(run, annotated, { state: "running", keys: ["k"] })],
    ["an annotation that vanishes", false, history(run, annotated, { state: "running", keys: [] })],
    [
      "a stop that timed out may have been done, or be done later",
      true,
      history(
        run,
        { verb: "stop", outcome: "TIMEOUT" },
        { state: "running", keys: [] },
        { state: "stopped", keys: [] },
      ),
    ],
    [
      "a state that goes back",
      false,
      history(
        run,
        { verb: "stop" },
        { state: "stopped", keys: [] },
        { state: "running", keys: [] },
      ),
    ],
    ["two creates of one id", false, history(run, run)],
    [
      "a delete that did not last",
      false,
      history(run, { verb: "delete" }, { state: "running", keys: [] }),
    ],
    [
      "calls at the same time come in either order",
      true,
      history(
        run,
        { verb: "stop", ended: 40 },
        { state: "running", keys: [] },
        { state: "stopped", keys: [] },
      ),
    ],
  ])("%s: %s", (_what, explained, calls) => {
    expect(isExplained(calls)).toBe(explained);
  });
});
