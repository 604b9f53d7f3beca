import { spawn } from "node:child_process";
import { once } from "node:events";
import { constants } from "node:os";

/** Set for the process that is in a namespace of the benchmarks' own. */
const variable = "VIRTC_BENCH_NAMESPACE";

/**
 * Runs this program once more where nothing of the machine's own network is seen or touched, and gives its exit code;
 * undefined where that is done already, or can't be since it needs root.
 */
export async function runInOwnNamespace(): Promise<number | undefined> {
  if (process.env[variable] !== undefined || process.getuid?.() !== 0) return undefined;
  const program = [process.execPath, ...process.execArgv, ...process.argv.slice(1)];
  const script = 'ip link set dev lo up && exec "$@"';
  const child = spawn("unshare", ["--net", "--", "sh", "-c", script, "sh", ...program], {
    stdio: "inherit",
    env: { ...process.env, [variable]: "own" },
  });
  for (const signal of ["SIGINT", "SIGTERM"] as const)
    process.on(signal, () => void child.kill(signal));
  await once(child, "close");
  return child.exitCode ?? 128 + (child.signalCode ? constants.signals[child.signalCode] : 0);
}

/** What measures networks makes some, which is done in a namespace of its own alone. */
export function assertOwnNamespace(benchmark: string): void {
  if (process.env[variable] === undefined)
    throw new Error(`${benchmark}: networks need root as yet; leave it out by --only`);
}
