import { execFile } from "node:child_process";
import { promisify } from "node:util";

const run = promisify(execFile);

/**
 * What a file or folder takes on its disk: 0 if it has gone. Counted by du, which follows no link, whatever a container
 * does meanwhile to a folder that it writes to; it tells what it could count.
 */
export async function diskBytes(path: string, signal: AbortSignal): Promise<number> {
  const args = ["--summarize", "--block-size=1", "--one-file-system", "--", path];
  const options = { signal, env: { PATH: "/usr/bin:/bin", LC_ALL: "C" } };
  const counted = await run("du", args, options).catch((error: unknown) => {
    signal.throwIfAborted();
    if (error instanceof Error && "stdout" in error) return { stdout: String(error.stdout) };
    throw error;
  });
  return Number(/^\d+/.exec(counted.stdout)?.[0] ?? 0);
}
