import { readFile } from "node:fs/promises";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { stripVTControlCharacters } from "node:util";
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
  return ok ? { passed: 1, failed: 0, skipped: 0 } : failedWith([program, ...args].join(" "));
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
  return !ok && counts.failed === 0 ? sum([counts, failedWith("cargo test")]) : counts;
}

function failedWith(what: string): Counts {
  return { passed: 0, failed: 1, skipped: 0, failures: [what] };
}

/** Sums up the "test result:" lines that cargo prints, one for each test program, and names what failed. */
export function cargoCounts(lines: readonly string[]): Counts {
  const pattern = /^test result: \w+\. (\d+) passed; (\d+) failed; (\d+) ignored;/;
  const counts = lines.flatMap((line) => {
    const [, passed, failed, skipped] = pattern.exec(line) ?? [];
    if (passed === undefined) return [];
    return [{ passed: Number(passed), failed: Number(failed), skipped: Number(skipped) }];
  });
  const failures = lines.flatMap((line) => /^test (.+) \.\.\. FAILED$/.exec(line)?.[1] ?? []);
  return sum([...counts, { passed: 0, failed: 0, skipped: 0, failures }]);
}

const Report = v.object({
  numPassedTests: v.number(),
  numFailedTests: v.number(),
  numFailedTestSuites: v.number(),
  numPendingTests: v.number(),
  numTodoTests: v.number(),
  testResults: v.array(
    v.object({
      name: v.string(),
      status: v.string(),
      message: v.string(),
      assertionResults: v.array(
        v.object({
          fullName: v.string(),
          status: v.string(),
          failureMessages: v.nullish(v.array(v.string()), []),
        }),
      ),
    }),
  ),
});

/** Puts a command into another that runs it, where the scratch folder is to be seen. */
export type Wrap = (command: readonly string[], scratch: string) => readonly string[];

/** Runs a vitest project, or some files of it. */
export async function vitest(
  project: string,
  args: readonly string[] = [],
  env: Record<string, string> = {},
  wrap: Wrap = (command) => command,
): Promise<Counts> {
  return await inScratch(async (scratch) => {
    const output = join(scratch, "report.json");
    const again = join(scratch, "second-try");
    const reporters = ["default", "json", secondTry].map((name) => `--reporter=${name}`);
    const run = ["run", "--project", project, ...reporters, `--outputFile.json=${output}`];
    const [program = "", ...rest] = wrap([bin("vitest"), ...run, ...args], scratch);
    const ok = await succeeds(program, rest, repository, { ...env, VIRTC_SECOND_TRY: again });
    const text = await readFile(output, "utf8").catch(() => undefined);
    if (text === undefined) return failedWith(`vitest, project ${project}: it wrote no report`);
    const report = v.parse(Report, JSON.parse(text));
    const failures = failuresOf(report);
    const names = (await readFile(again, "utf8").catch(() => "")).split("\n").filter(Boolean);
    const counts = {
      passed: report.numPassedTests,
      failed: report.numFailedTests,
      skipped: report.numPendingTests + report.numTodoTests,
      ...(names.length > 0 && { secondTry: names }),
      ...(failures.length > 0 && { failures }),
    };
    // An error outside of tests, such as a file that can't be imported.
    if (ok || counts.failed > 0) return counts;
    return sum([
      { ...counts, failures: [] },
      failedWith(failures[0] ?? `vitest, project ${project}`),
    ]);
  });
}

/** Names the failed tests of a report of vitest, each with its reason. */
export function failuresOf({
  testResults,
}: Pick<v.InferOutput<typeof Report>, "testResults">): string[] {
  return testResults.flatMap(({ name, status, message, assertionResults }) => {
    const file = relative(repository, name);
    const tests = assertionResults.filter((test) => test.status === "failed");
    if (tests.length === 0 && status === "failed") return [`${file}: ${firstLine(message)}`];
    return tests.map(
      (test) => `${file} > ${test.fullName}: ${firstLine(test.failureMessages?.[0] ?? "")}`,
    );
  });
}

function firstLine(text: string): string {
  return stripVTControlCharacters(text.split("\n", 1)[0] ?? "");
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
