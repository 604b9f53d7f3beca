import { describe, expect, it } from "vitest";
import { cargoCounts } from "../support/suites.ts";

describe("cargoCounts", () => {
  it("adds up all test programs", () => {
    const lines = [
      "running 3 tests",
      "test result: ok. 3 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.01s",
      "test result: FAILED. 1 passed; 2 failed; 4 ignored; 0 measured; 0 filtered out; finished in 0.01s",
    ];
    expect(cargoCounts(lines)).toEqual({ passed: 4, failed: 2, skipped: 4 });
  });

  it("gives zero where nothing ran", () => {
    expect(cargoCounts(["error: could not compile"])).toEqual({ passed: 0, failed: 0, skipped: 0 });
  });
});
