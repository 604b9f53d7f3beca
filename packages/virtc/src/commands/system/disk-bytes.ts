import { execFile } from "node:child_process";
import { promisify } from "node:util";

const run = promisify(execFile);

/** Of one call: the arguments of a program have a limit. */
const most = 500;

/**
 * What files and folders take on their disks, by their paths: nothing for one that has gone. Counted by du, which
 * follows no link, whatever a container does meanwhile to a folder that it writes to; it tells what it could count.
 */
export async function diskBytes(
  paths: readonly string[],
  signal: AbortSignal,
): Promise<Map<string, number>> {
  const counted = new Map<string, number>();
  for (let at = 0; at < paths.length; at += most) {
    const args = ["--summarize", "--null", "--block-size=1", "--one-file-system", "--count-links"];
    for (const line of await du([...args, "--", ...paths.slice(at, at + most)], signal)) {
      const [, bytes, path] = /^(\d+)\t(.*)$/s.exec(line) ?? [];
      if (path !== undefined) counted.set(path, Number(bytes));
    }
  }
  return counted;
}

async function du(args: readonly string[], signal: AbortSignal): Promise<string[]> {
  const options = { signal, env: { PATH: "/usr/bin:/bin", LC_ALL: "C" }, maxBuffer: Infinity };
  const { stdout } = await run("du", args, options).catch((error: unknown) => {
    signal.throwIfAborted();
    // With what it could not count it ends with 1.
    if (error instanceof Error && "stdout" in error) return { stdout: String(error.stdout) };
    throw error;
  });
  return stdout.split("\0");
}
