import { expect, it } from "vitest";
import { benchmarks, parseOptions } from "../options.ts";

it("measures everything by default", () => {
  expect(parseOptions([])).toEqual({
    json: false,
    only: benchmarks,
    runs: undefined,
    densityLimitMiB: 4096,
  });
});

it("takes a choice of benchmarks, a number of runs and a limit", () => {
  const argv = ["--json", "--only", "cold,exec", "--runs", "3", "--density-limit", "512"];
  expect(parseOptions(argv)).toEqual({
    json: true,
    only: ["cold", "exec"],
    runs: 3,
    densityLimitMiB: 512,
  });
});

it("refuses by name what it does not know", () => {
  expect(() => parseOptions(["--only", "warm"])).toThrow('no benchmark "warm"');
  expect(() => parseOptions(["--runs", "0"])).toThrow("--runs");
  expect(() => parseOptions(["--density-limit", "1G"])).toThrow("--density-limit");
  expect(() => parseOptions(["--fast"])).toThrow("--fast");
});
