/**
 * Runs all checks and tests: lint, types, generated code, packages; the guest agent's, the unit tests, the
 * end-to-end tests on the tuned kernel and the smoke tests on Debian's. A suite that leaves the host another
 * way than it was, or temporary files, has failed. The last line sums them up; the exit status is 1 if one
 * failed. `--strict` runs the end-to-end tests several times, and none of them a second time when it fails.
 */
import { parseArgs } from "node:util";
import { sum } from "./support/counts.ts";
import { hostState } from "./support/host/host.ts";
import { TemporaryFolder } from "./support/host/temporary.ts";
import { bin } from "./support/paths.ts";
import { runSuites, type Suite, summary } from "./support/run-suites.ts";
import { cargoTest, check, crate, vitest } from "./support/suites.ts";

const { values } = parseArgs({
  options: {
    strict: { type: "boolean", default: false },
    times: { type: "string", default: "3" },
  },
});
const times = values.strict ? Number(values.times) : 1;
if (!Number.isInteger(times) || times < 1) {
  throw new Error(`--times ${values.times}: a whole number from 1 on`);
}
const retry = values.strict ? ["--retry=0"] : [];

const endToEnd: Suite = {
  title: "end-to-end tests, tuned kernel",
  run: () => vitest("e2e", retry, { VIRTC_KERNEL: "tuned" }),
};
const clippy = ["clippy", "--locked", "--all-targets", "--", "-D", "warnings"];
const suites: Suite[] = [
  { title: "format and lint", run: () => check(bin("biome"), ["ci", "."]) },
  { title: "types", run: () => check(bin("tsc"), ["--noEmit"]) },
  { title: "generated code", run: () => check(bin("tsx"), ["scripts/generate.ts", "--check"]) },
  { title: "packages", run: () => check(bin("tsx"), ["scripts/check-packages.ts"]) },
  { title: "format of the guest agent", run: () => check("cargo", ["fmt", "--check"], crate) },
  { title: "clippy on the guest agent", run: () => check("cargo", clippy, crate) },
  { title: "tests of the guest agent", run: cargoTest },
  { title: "unit tests", run: () => vitest("unit") },
  ...Array.from({ length: times }, () => endToEnd),
  {
    title: "smoke tests, Debian's kernel",
    run: () => vitest("e2e", [...retry, "test/smoke.test.ts"], { VIRTC_KERNEL: "debian" }),
  },
];

using temporary = new TemporaryFolder();
process.env.TMPDIR = temporary.path;
const look = () => new Map([...hostState(), ...temporary.left()]);
const results = await runSuites(suites, look, (line) => console.log(line));
for (const line of summary(results)) console.log(line);
process.exitCode = sum(results.map(({ counts }) => counts)).failed > 0 ? 1 : 0;
