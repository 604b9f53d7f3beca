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
    for (const line of changed) print(`FAILED: the host was changed: ${line}`);
    const failed = counts.failed + (changed.length > 0 ? 1 : 0);
    results.push({ title: `${title} (${seconds} s)`, counts: { ...counts, failed } });
    before = after;
  }
  return results;
}

/** A suite that could not be run, as one whose Node.js can't be fetched, doesn't keep the others from it. */
function broken(error: unknown, print: (line: string) => void): Counts {
  print(`FAILED: ${error instanceof Error ? error.message : String(error)}`);
  return { passed: 0, failed: 1, skipped: 0 };
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
    line(all),
  ];
}

function line({ passed, failed, skipped }: Counts): string {
  return `${passed} passed, ${failed} failed, ${skipped} skipped`;
}
