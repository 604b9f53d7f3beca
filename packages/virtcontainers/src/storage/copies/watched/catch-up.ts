import { isVirtError } from "../../../errors.ts";
import type { StoredContainer } from "../../../store/schema.ts";
import { type Updating, updateMount, watchedMounts } from "./update.ts";

/**
 * Brings what a container watches by copies up to date. What can't be read on the host any more, or has become
 * too large, stays in the guest as it was, and is logged.
 */
export async function catchUp(updating: Updating, container: StoredContainer): Promise<void> {
  for (const mount of watchedMounts(container)) {
    try {
      await updateMount(updating, container, mount);
    } catch (error) {
      if (!isVirtError(error, "HOST_FAILED", "NOT_SUPPORTED", "INVALID_ARGUMENT")) throw error;
      const fields = { err: error, containerId: container.id, mount: mount.path };
      updating.context.logger.warn(fields, "the copy of a watched folder stays as it was");
    }
  }
}
