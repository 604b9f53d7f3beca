import type { ContainerConfig } from "virtcontainers";
import type { Library, SandboxHandle } from "../../library.ts";

/** Runs a container in the VM of another one, whose network it has. */
export async function join(
  sandboxId: string,
  config: ContainerConfig,
  library: Library,
  signal: AbortSignal,
): Promise<SandboxHandle> {
  const { sandbox } = await library.createContainer(sandboxId, config, { signal });
  try {
    await library.startContainer(sandboxId, config.id, { signal });
    return sandbox;
  } catch (error) {
    // What did not start is nobody's; the first error is the one to tell.
    await leaveJoined(sandboxId, config.id, true, library).catch(() => {});
    await sandbox.release();
    throw error;
  }
}

/** Ends a container in another one's VM, which goes on. */
export async function leaveJoined(
  sandboxId: string,
  id: string,
  remove: boolean,
  library: Library,
): Promise<void> {
  await library.stopContainer(sandboxId, id, { force: true });
  if (remove) await library.deleteContainer(sandboxId, id);
}
