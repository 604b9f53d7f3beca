/** How the tests of a suite, or of all, have ended. */
export interface Counts {
  passed: number;
  failed: number;
  skipped: number;
  /** The names of those that passed only when they were run again. */
  secondTry?: readonly string[];
  /** What failed, a line each. */
  failures?: readonly string[];
}

export function sum(counts: readonly Counts[]): Counts {
  const add = (pick: (each: Counts) => number) => counts.reduce((all, each) => all + pick(each), 0);
  const secondTry = counts.flatMap((each) => each.secondTry ?? []);
  const failures = counts.flatMap((each) => each.failures ?? []);
  return {
    passed: add(({ passed }) => passed),
    failed: add(({ failed }) => failed),
    skipped: add(({ skipped }) => skipped),
    ...(secondTry.length > 0 && { secondTry }),
    ...(failures.length > 0 && { failures }),
  };
}
