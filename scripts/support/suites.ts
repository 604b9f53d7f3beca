import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import * as v from "valibot";
import { inScratch } from "./cache.ts";
import { type Counts, sum } from "./counts.ts";
import { bin, repository } from "./paths.ts";
import { CommandError, run } from "./run.ts";

export const crate = join(repository, "guest/agent");
const secondTry = fileURLToPath(new URL("second-try.ts", import.meta.url));
const print = (line: string) => console.log(line);

/** A check without tests of its own counts as one. */
export async function check(
  program: string,
  args: readonly string[],
  cwd: string = repository,
): Promise<Counts> {
  const ok = await succeeds(program, args, cwd);
  return { passed: ok ? 1 : 0, failed: ok ? 0 : 1, skipped: 0 };
}

/** The tests of the guest's agent. */
export async function cargoTest(): Promise<Counts> {
  const lines: string[] = [];
  const onLine = (line: string) => {
    lines.push(line);
    print(line);
  };
  const ok = await run("cargo", ["test", "--locked", "--no-fail-fast"], {
    cwd: crate,
    onLine,
  }).then(
    () => true,
    (error: unknown) => failure(error),
  );
  const counts = cargoCounts(lines);
  // A crate that doesn't compile, or a test program that crashes, reports no failed test.
  return !ok && counts.failed === 0 ? { ...counts, failed: 1 } : counts;
}

/** Sums up the "test result:" lines that cargo prints, one for each test program. */
export function cargoCounts(lines: readonly string[]): Counts {
  const pattern = /^test result: \w+\. (\d+) passed; (\d+) failed; (\d+) ignored;/;
  return sum(
    lines.flatMap((line) => {
      const [, passed, failed, skipped] = pattern.exec(line) ?? [];
      if (passed === undefined) return [];
      return [{ passed: Number(passed), failed: Number(failed), skipped: Number(skipped) }];
    }),
  );
}

const Report = v.object({
  numPassedTests: v.number(),
  numFailedTests: v.number(),
  numFailedTestSuites: v.number(),
  numPendingTests: v.number(),
  numTodoTests: v.number(),
});

/** Runs a vitest project, or some files of it. */
export async function vitest(
  project: string,
  args: readonly string[] = [],
  env: Record<string, string> = {},
): Promise<Counts> {
  return await inScratch(async (scratch) => {
    const output = join(scratch, "report.json");
    const again = join(scratch, "second-try");
    const reporters = ["default", "json", secondTry].map((name) => `--reporter=${name}`);
    const ok = await succeeds(
      bin("vitest"),
      ["run", "--project", project, ...reporters, `--outputFile.json=${output}`, ...args],
      repository,
      { ...env, VIRTC_SECOND_TRY: again },
    );
    const text = await readFile(output, "utf8").catch(() => undefined);
    if (text === undefined) return { passed: 0, failed: 1, skipped: 0 };
    const report = v.parse(Report, JSON.parse(text));
    const names = (await readFile(again, "utf8").catch(() => "")).split("\n").filter(Boolean);
    const counts = {
      passed: report.numPassedTests,
      failed: report.numFailedTests,
      skipped: report.numPendingTests + report.numTodoTests,
      ...(names.length > 0 && { secondTry: names }),
    };
    // An error outside of tests, such as a file that can't be imported.
    return !ok && counts.failed === 0 ? { ...counts, failed: 1 } : counts;
  });
}

async function succeeds(
  program: string,
  args: readonly string[],
  cwd: string,
  env: Record<string, string> = {},
): Promise<boolean> {
  return await run(program, args, { cwd, env, onLine: print }).then(
    () => true,
    (error: unknown) => failure(error),
  );
}

/** What the program printed has been shown already; anything else than its failing is a defect here. */
function failure(error: unknown): false {
  if (!(error instanceof CommandError)) throw error;
  return false;
}
