import { sum } from "./counts.ts";
import { hostState } from "./host/host.ts";
import { TemporaryFolder } from "./host/temporary.ts";
import { runSuites, type Suite, summary } from "./run-suites.ts";

/**
 * Runs suites on this host with a folder of their own for temporary files, and tells how they ended; the exit
 * status is 1 if one failed.
 */
export async function runHere(suites: readonly Suite[]): Promise<void> {
  using temporary = new TemporaryFolder();
  process.env.TMPDIR = temporary.path;
  const look = () => new Map([...hostState(), ...temporary.left()]);
  const results = await runSuites(suites, look, (line) => console.log(line));
  for (const line of summary(results)) console.log(line);
  process.exitCode = sum(results.map(({ counts }) => counts)).failed > 0 ? 1 : 0;
}
