import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { type Counts, sum } from "../support/counts.ts";
import { TemporaryFolder } from "../support/host/temporary.ts";
import { runSuites, summary } from "../support/run-suites.ts";

const good: Counts = { passed: 2, failed: 0, skipped: 1 };

describe("runSuites", () => {
  it("a suite that changes the host has failed, and the next one hasn't", async () => {
    const state = new Map([["/dev/null", "device 0666"]]);
    const printed: string[] = [];
    const suites = [
      { title: "first", run: async () => good },
      {
        title: "second",
        run: async () => {
          state.set("/dev/null", "device 0644");
          return good;
        },
      },
      { title: "third", run: async () => good },
    ];
    const results = await runSuites(
      suites,
      () => new Map(state),
      (line) => printed.push(line),
    );
    expect(results.map(({ counts }) => counts.failed)).toEqual([0, 1, 0]);
    expect(printed).toContain(
      "FAILED: the host was changed: /dev/null: device 0666 -> device 0644",
    );
    expect(summary(results).at(-1)).toBe("6 passed, 1 failed, 3 skipped");
  });

  it("a suite that can't be run has failed, and the next one is run", async () => {
    const printed: string[] = [];
    const suites = [
      { title: "broken", run: () => Promise.reject(new Error("npm: no network")) },
      { title: "next", run: async () => good },
    ];
    const results = await runSuites(
      suites,
      () => new Map(),
      (line) => printed.push(line),
    );
    expect(results.map(({ counts }) => counts.failed)).toEqual([1, 0]);
    expect(printed).toContain("FAILED: npm: no network");
  });

  it("what a suite leaves in its temporary folder is told by name", async () => {
    using temporary = new TemporaryFolder();
    const suite = {
      title: "careless",
      run: async () => {
        writeFileSync(join(temporary.path, "virtc-test-x"), "");
        writeFileSync(join(temporary.path, "tsx-0"), "");
        return good;
      },
    };
    const printed: string[] = [];
    const [result] = await runSuites(
      [suite],
      () => temporary.left(),
      (line) => printed.push(line),
    );
    expect(result?.counts.failed).toBe(1);
    expect(printed.slice(1)).toEqual([
      `FAILED: the host was changed: ${temporary.path}/virtc-test-x is new: left by a test`,
    ]);
  });
});

describe("summary", () => {
  it("names what passed only on a second try, and how many", () => {
    const results = [
      { title: "unit", counts: good },
      { title: "e2e", counts: { ...good, secondTry: ["a.test.ts > a", "b.test.ts > b"] } },
    ];
    expect(summary(results)).toEqual([
      "\n=== summary",
      "unit: 2 passed, 0 failed, 1 skipped",
      "e2e: 2 passed, 0 failed, 1 skipped",
      "2 passed only on a second try:",
      "  a.test.ts > a",
      "  b.test.ts > b",
      "4 passed, 0 failed, 2 skipped",
    ]);
  });

  it("names what failed in each suite", async () => {
    const failures = ["a.test.ts > a: Error: no"];
    const suites = [
      { title: "unit", run: async () => ({ ...good, failed: 1, failures }) },
      { title: "e2e", run: async () => good },
    ];
    const results = await runSuites(
      suites,
      () => new Map(),
      () => {},
    );
    expect(summary(results).slice(-3)).toEqual([
      expect.stringMatching(/^failed in unit \(\d+ s\):$/),
      "  a.test.ts > a: Error: no",
      "4 passed, 1 failed, 2 skipped",
    ]);
  });
});

describe("sum", () => {
  it("adds each count by itself", () => {
    const counts = [
      { passed: 1, failed: 2, skipped: 3 },
      { passed: 10, failed: 20, skipped: 30 },
    ];
    expect(sum(counts)).toEqual({ passed: 11, failed: 22, skipped: 33 });
  });
});
