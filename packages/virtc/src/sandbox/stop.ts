import type { ContainerStatus } from "virtcontainers";
import { parseSignal } from "../args/signal.ts";
import { isLibraryError } from "../errors/library.ts";
import { UsageError } from "../errors/usage.ts";
import type { Library } from "../library.ts";

/** After SIGKILL, the time for the guest to say that the container has ended. */
const killedMs = 5000;

/** Ends a sandbox's containers, gently if there is time, and then its VM. One that is stopped already stays so. */
export async function stopSandbox(library: Library, name: string, graceMs: number): Promise<void> {
  const status = await library.statusSandbox(name);
  if (status.state === "stopped") return;
  const running = status.containersStatus.filter((container) => container.state === "running");
  try {
    if (status.state === "paused" && graceMs > 0) await library.resumeSandbox(name);
    await Promise.all(running.map((container) => endContainer(library, name, container, graceMs)));
    await library.stopSandbox(name, { force: true });
  } catch (error) {
    if (!isLibraryError(error, "INVALID_STATE", "SANDBOX_DEAD")) throw error;
    const now = await library.statusSandbox(name);
    if (now.state !== "stopped") throw error;
  }
}

/** Ends a container, gently if there is time, by the signal that its image names. One that has ended already stays so. */
export async function endContainer(
  library: Library,
  sandboxId: string,
  { id, imageDigest }: ContainerStatus,
  graceMs: number,
): Promise<void> {
  try {
    if (graceMs > 0) {
      await library.killContainer(sandboxId, id, await stopSignal(library, imageDigest));
      if (await ended(library, sandboxId, id, graceMs)) return;
    }
    await library.killContainer(sandboxId, id, "SIGKILL", true);
    await ended(library, sandboxId, id, killedMs);
  } catch (error) {
    if (!isLibraryError(error, "INVALID_STATE", "SANDBOX_DEAD", "PROCESS_NOT_FOUND")) throw error;
  }
}

/** What an image says that ends its programs well; SIGTERM where it says nothing, or nonsense. */
async function stopSignal(
  library: Library,
  imageDigest: string | undefined,
): Promise<NodeJS.Signals | number> {
  if (imageDigest === undefined) return "SIGTERM";
  try {
    const { config } = await library.images.get(imageDigest);
    return parseSignal("StopSignal", config.stopSignal ?? "SIGTERM");
  } catch (error) {
    if (error instanceof UsageError || isLibraryError(error, "IMAGE_NOT_FOUND")) return "SIGTERM";
    throw error;
  }
}

async function ended(
  library: Library,
  sandboxId: string,
  id: string,
  timeoutMs: number,
): Promise<boolean> {
  try {
    await library.waitProcess(sandboxId, id, id, { timeoutMs });
    return true;
  } catch (error) {
    if (isLibraryError(error, "TIMEOUT")) return false;
    throw error;
  }
}
