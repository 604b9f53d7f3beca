import { expect, test } from "vitest";
import { fuzz } from "../fuzz/fuzz.ts";
import { mutate } from "../fuzz/mutate.ts";
import { mutateJson } from "../fuzz/mutate-json.ts";
import { Random } from "../fuzz/random.ts";
import { type Target, typed } from "../fuzz/target.ts";
import { targets } from "../fuzz/targets.ts";

test.each(Object.entries(targets))("two seconds of %s find nothing", async (_name, target) => {
  const { executions, findings } = await fuzz(target, { seed: "unit", seconds: 2 });
  expect(findings).toEqual([]);
  expect(executions).toBeGreaterThan(0);
});

function target(feed: () => Promise<boolean>): Target {
  return {
    reads: "nothing",
    open: async () => ({ feed, async [Symbol.asyncDispose]() {} }),
  };
}

const once = { seed: "s", seconds: 60, only: 7 };

test("an error without a code is a finding", async () => {
  const broken = target(() => typed(() => ({}).toString.call(undefined).at(-1)?.repeat(-1)));
  const { findings } = await fuzz(broken, once);
  expect(findings).toMatchObject([{ index: 7, what: expect.stringContaining("RangeError") }]);
});

test("a loop that does not turn is a finding", async () => {
  const slow = target(async () => {
    const start = process.cpuUsage();
    for (
      let used = process.cpuUsage(start);
      used.user + used.system < 60_000;
      used = process.cpuUsage(start)
    ) {
      for (let turns = 0; turns < 100_000; turns++) Math.sqrt(turns);
    }
    return true;
  });
  const { findings } = await fuzz(slow, { ...once, mostBlockedMs: 50 });
  expect(findings.map(({ what }) => what).join()).toContain("the event loop was blocked");
});

test("the same seed gives the same inputs, another one others", () => {
  const seeds = [Buffer.from("abcdefghijklmnop")];
  const inputs = (seed: string) =>
    Array.from({ length: 50 }, (_, index) =>
      mutate(new Random(`${seed} ${index}`), seeds).toString("hex"),
    );
  expect(inputs("a")).toEqual(inputs("a"));
  expect(inputs("a")).not.toEqual(inputs("b"));
  expect(new Set(inputs("a")).size).toBeGreaterThan(30);
});

test("documents are changed, and their originals are not", () => {
  const document = { a: [1, { b: "c" }], d: null };
  const before = JSON.stringify(document);
  const changed = Array.from({ length: 50 }, (_, index) =>
    JSON.stringify(mutateJson(new Random(String(index)), document)),
  );
  expect(JSON.stringify(document)).toBe(before);
  expect(changed.filter((text) => text !== before).length).toBeGreaterThan(30);
});
