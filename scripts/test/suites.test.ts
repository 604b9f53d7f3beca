import { describe, expect, it } from "vitest";
import { cargoCounts, failuresOf } from "../support/suites.ts";

describe("cargoCounts", () => {
  it("adds up all test programs", () => {
    const lines = [
      "running 3 tests",
      "test result: ok. 3 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.01s",
      "test keeps_the_order ... FAILED",
      "test result: FAILED. 1 passed; 2 failed; 4 ignored; 0 measured; 0 filtered out; finished in 0.01s",
    ];
    expect(cargoCounts(lines)).toEqual({
      passed: 4,
      failed: 2,
      skipped: 4,
      failures: ["keeps_the_order"],
    });
  });

  it("gives zero where nothing ran", () => {
    expect(cargoCounts(["error: could not compile"])).toEqual({ passed: 0, failed: 0, skipped: 0 });
  });
});

describe("failuresOf", () => {
  it("names tests with the first line of their reason, and files that could not be run", () => {
    const test = (fullName: string, status: string, ...failureMessages: string[]) => ({
      fullName,
      status,
      failureMessages,
    });
    const testResults = [
      {
        name: `${process.cwd()}/a.test.ts`,
        status: "failed",
        message: "",
        assertionResults: [
          test("a works", "passed"),
          test("a waits", "failed", "\u001b[31mError\u001b[39m: no\n    at x"),
        ],
      },
      { name: "/b.test.ts", status: "failed", message: "no such module\n", assertionResults: [] },
    ];
    expect(failuresOf({ testResults })).toEqual([
      "a.test.ts > a waits: Error: no",
      expect.stringMatching(/b\.test\.ts: no such module$/),
    ]);
  });
});
