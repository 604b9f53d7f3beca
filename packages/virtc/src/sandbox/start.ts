import type { SandboxStatus } from "virtcontainers";
import { UsageError } from "../errors/usage.ts";
import type { Library } from "../library.ts";

/**
 * Starts a sandbox with all its containers, whose output goes to their logs from now on; one that runs goes on. Gives
 * what it was before.
 */
export async function startSandbox(library: Library, name: string): Promise<SandboxStatus> {
  const status = await library.statusSandbox(name);
  if (status.state === "running") return status;
  if (status.state === "paused") {
    throw new UsageError(`${name} is paused`, `It goes on with \`virtc resume ${name}\`.`);
  }
  await library.startSandbox(name);
  const unlogged = status.containersStatus.filter(({ logged }) => !logged);
  if (unlogged.length === 0) return status;
  const sandbox = await library.fetchSandbox(name);
  try {
    // Nobody else is there to read it: who attaches reads the log.
    for (const { id } of unlogged) await sandbox.setOutput(id, id, "log");
  } finally {
    await sandbox.release();
  }
  return status;
}
