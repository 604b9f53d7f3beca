import type { ContainerStatus } from "virtcontainers";
import { parseSignal } from "../args/signal.ts";
import { isLibraryError } from "../errors/library.ts";
import { UsageError } from "../errors/usage.ts";
import type { Library } from "../library.ts";
import { graceOf, notedSignal } from "./stop-notes.ts";

/** After SIGKILL, the time for the guest to say that the container has ended. */
const killedMs = 5000;

/** Ends a sandbox's containers, gently if there is time, and then its VM. One that is stopped already stays so. */
export async function stopSandbox(
  library: Library,
  name: string,
  asked: number | undefined,
): Promise<void> {
  const status = await library.statusSandbox(name);
  if (status.state === "stopped") return;
  const running = status.containersStatus.filter((container) => container.state === "running");
  try {
    if (status.state === "paused" && asked !== 0) await library.resumeSandbox(name);
    await Promise.all(running.map((container) => endContainer(library, name, container, asked)));
    // What its containers have written to their disks has to get there.
    await library.stopSandbox(name);
  } catch (error) {
    if (!isLibraryError(error, "INVALID_STATE", "SANDBOX_DEAD")) throw error;
    const now = await library.statusSandbox(name);
    if (now.state !== "stopped") throw error;
  }
}

/** Ends a container, gently if there is time, by the signal that it or its image names. Undefined: as long as was noted. One that has ended already stays so. */
export async function endContainer(
  library: Library,
  sandboxId: string,
  container: ContainerStatus,
  asked: number | undefined,
): Promise<void> {
  const { id } = container;
  const graceMs = graceOf(container, asked);
  try {
    if (graceMs > 0) {
      await library.killContainer(sandboxId, id, await stopSignal(library, container));
      if (await ended(library, sandboxId, id, graceMs)) return;
    }
    await library.killContainer(sandboxId, id, "SIGKILL", true);
    await ended(library, sandboxId, id, killedMs);
  } catch (error) {
    if (!isLibraryError(error, "INVALID_STATE", "SANDBOX_DEAD", "PROCESS_NOT_FOUND")) throw error;
  }
}

/** What was asked for, or what an image says that ends its programs well; SIGTERM where it says nothing, or nonsense. */
async function stopSignal(
  library: Library,
  container: ContainerStatus,
): Promise<NodeJS.Signals | number> {
  const { imageDigest } = container;
  const noted = notedSignal(container);
  if (noted !== undefined) return parseSignal("--stop-signal", noted);
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
