import type { SandboxStatus } from "virtcontainers";
import type { Library } from "../library.ts";
import { deleteWithVolumes, mountsOf } from "./anonymous-volumes.ts";
import { clientAnnotation, isGone, removeAnnotation } from "./owner.ts";

/**
 * Does what a `virtc run` would have done if it had not been killed or detached: of containers that have
 * ended, removes those of `--rm` and stops the VMs of the others. Gives the sandboxes that remain.
 */
export async function sweep(library: Library, signal?: AbortSignal): Promise<SandboxStatus[]> {
  const all = await library.listSandbox({ signal });
  const kept = await Promise.all(all.map((status) => sweepOne(library, status, signal)));
  return kept.filter((status) => status !== undefined);
}

async function sweepOne(
  library: Library,
  status: SandboxStatus,
  signal: AbortSignal | undefined,
): Promise<SandboxStatus | undefined> {
  if (!(await isLeftAlone(status))) return status;
  const options = { force: true, signal };
  try {
    if (status.annotations[removeAnnotation] !== undefined) {
      await deleteWithVolumes(library, mountsOf(status), () =>
        library.deleteSandbox(status.id, options),
      );
      return undefined;
    }
    if (status.state !== "stopped") await library.stopSandbox(status.id, { signal });
  } catch {
    // Another process is at it, or it can't be done now: the next one tries again.
  }
  return status;
}

/** All its containers have ended, and the client that would have seen to it is gone. */
async function isLeftAlone(status: SandboxStatus): Promise<boolean> {
  const client = status.annotations[clientAnnotation];
  if (client === undefined) return false;
  const containers = status.containersStatus;
  const ended =
    status.state === "stopped" ||
    (containers.length > 0 && containers.every((container) => container.state === "stopped"));
  return ended && (await isGone(client));
}
