import { type Counts, sum } from "./counts.ts";
import { changes, type HostState } from "./host/host.ts";

export interface Suite {
  title: string;
  run: () => Promise<Counts>;
}

/** Runs suites one after another. Each that leaves the host another way than it was has failed. */
export async function runSuites(
  suites: readonly Suite[],
  look: () => HostState,
  print: (line: string) => void,
): Promise<{ title: string; counts: Counts }[]> {
  const results = [];
  let before = look();
  for (const { title, run } of suites) {
    print(`\n=== ${title}`);
    const start = Date.now();
    const counts = await run().catch((error: unknown) => broken(error, print));
    const seconds = ((Date.now() - start) / 1000).toFixed(0);
    const after = look();
    const changed = changes(before, after);
    const told = changed.map((line) => `the host was changed: ${line}`);
    for (const line of told) print(`FAILED: ${line}`);
    const all = sum([
      counts,
      { passed: 0, failed: told.length > 0 ? 1 : 0, skipped: 0, failures: told },
    ]);
    results.push({ title: `${title} (${seconds} s)`, counts: all });
    before = after;
  }
  return results;
}

/** A suite that could not be run, as one whose Node.js can't be fetched, doesn't keep the others from it. */
function broken(error: unknown, print: (line: string) => void): Counts {
  const message = error instanceof Error ? error.message : String(error);
  print(`FAILED: ${message}`);
  return { passed: 0, failed: 1, skipped: 0, failures: [message] };
}

/** The closing lines; the last one has the counts of all suites. */
export function summary(results: readonly { title: string; counts: Counts }[]): string[] {
  const all = sum(results.map(({ counts }) => counts));
  const again = all.secondTry ?? [];
  return [
    "\n=== summary",
    ...results.map(({ title, counts }) => `${title}: ${line(counts)}`),
    ...(again.length > 0 ? [`${again.length} passed only on a second try:`] : []),
    ...again.map((name) => `  ${name}`),
    ...results.flatMap(({ title, counts }) => failed(title, counts)),
    line(all),
  ];
}

/** What failed stands beside the counts, since a long log is often seen only by its end. */
function failed(title: string, { failures = [] }: Counts): string[] {
  if (failures.length === 0) return [];
  return [`failed in ${title}:`, ...failures.map((failure) => `  ${failure}`)];
}

function line({ passed, failed, skipped }: Counts): string {
  return `${passed} passed, ${failed} failed, ${skipped} skipped`;
}
