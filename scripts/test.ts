/**
 * Runs all checks and tests: lint, types, generated code, packages; the guest agent's, the unit tests, the end-to-end tests on the tuned kernel and the smoke
 * tests on Debian's. The last line sums them up; the exit status is 1 if one failed.
 */
import { bin } from "./support/paths.ts";
import { type Counts, cargoTest, check, crate, sum, vitest } from "./support/suites.ts";

const suites: [title: string, run: () => Promise<Counts>][] = [
  ["format and lint", () => check(bin("biome"), ["ci", "."])],
  ["types", () => check(bin("tsc"), ["--noEmit"])],
  ["generated code", () => check(bin("tsx"), ["scripts/generate.ts", "--check"])],
  ["packages", () => check(bin("tsx"), ["scripts/check-packages.ts"])],
  ["format of the guest agent", () => check("cargo", ["fmt", "--check"], crate)],
  [
    "clippy on the guest agent",
    () => check("cargo", ["clippy", "--locked", "--all-targets", "--", "-D", "warnings"], crate),
  ],
  ["tests of the guest agent", cargoTest],
  ["unit tests", () => vitest("unit")],
  ["end-to-end tests, tuned kernel", () => vitest("e2e", [], { VIRTC_KERNEL: "tuned" })],
  [
    "smoke tests, Debian's kernel",
    () => vitest("e2e", ["test/smoke.test.ts"], { VIRTC_KERNEL: "debian" }),
  ],
];

const results: [string, Counts][] = [];
for (const [title, run] of suites) {
  console.log(`\n=== ${title}`);
  const start = Date.now();
  const counts = await run();
  results.push([`${title} (${((Date.now() - start) / 1000).toFixed(0)} s)`, counts]);
}
console.log("\n=== summary");
const line = ({ passed, failed, skipped }: Counts) =>
  `${passed} passed, ${failed} failed, ${skipped} skipped`;
for (const [title, counts] of results) console.log(`${title}: ${line(counts)}`);
const all = sum(results.map(([, counts]) => counts));
console.log(line(all));
process.exitCode = all.failed > 0 ? 1 : 0;
