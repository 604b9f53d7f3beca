/**
 * Runs all checks and tests: lint, types, generated code, packages; the guest agent's, the unit tests, the
 * end-to-end tests on the tuned kernel, some of them over hybrid vsock, and the smoke tests on Debian's, and a part on the other lines of Node.js. A suite that leaves the host another
 * way than it was, or temporary files, has failed. The last line sums them up; the exit status is 1 if one
 * failed. `--strict` runs the end-to-end tests several times, and none of them a second time when it fails.
 */
import { parseArgs } from "node:util";
import { nodeLines, suitesOn } from "./support/nodes.ts";
import { bin } from "./support/paths.ts";
import { runHere } from "./support/run-here.ts";
import type { Suite } from "./support/run-suites.ts";
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

/** What tells most of a transport; `npm run test:hybrid-vsock` runs all. */
const vsockFiles = ["library", "faults", "logs"].map((name) => `test/${name}.test.ts`);

const endToEnd: Suite = {
  title: "end-to-end tests, tuned kernel",
  run: () => vitest("e2e", retry, { VIRTC_KERNEL: "tuned" }),
};
const overVsock: Suite = {
  title: "end-to-end tests over hybrid vsock",
  run: () =>
    vitest("e2e", [...retry, ...vsockFiles], {
      VIRTC_KERNEL: "tuned",
      VIRTC_TRANSPORT: "hybrid-vsock",
    }),
};
/** All above runs on the Node.js that runs this. */
const otherLines = nodeLines.filter((line) => !process.version.startsWith(`v${line}.`));
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
  overVsock,
  {
    title: "smoke tests, Debian's kernel",
    run: () => vitest("e2e", [...retry, "test/smoke.test.ts"], { VIRTC_KERNEL: "debian" }),
  },
  ...otherLines.flatMap((line) => suitesOn(line, { whole: false })),
];

await runHere(suites);
