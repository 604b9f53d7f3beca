import { shrinkToFit } from "../resources/fit.ts";
import type { Operation } from "../sandbox/operate.ts";
import { isVmAlive } from "../sandbox/refresh.ts";
import { assertState } from "../sandbox/state.ts";
import { unshareRootfs } from "../share/virtiofs.ts";
import type { StoredContainer } from "../store/schema.ts";
import { hooksAfterDelete } from "./hooks.ts";
import { endContainer } from "./stop.ts";

/** Deletes a container that does not run, with its disks. */
export async function deleteContainer(
  operation: Operation,
  container: StoredContainer,
): Promise<void> {
  const { context, sandbox } = operation;
  assertState("sandbox", sandbox.id, sandbox.state, "delete a container of", [
    "ready",
    "running",
    "stopped",
  ]);
  assertState("container", container.id, container.state, "delete", [
    "ready",
    "stopped",
    "creating",
  ]);
  // One that ended by itself is still there in the guest.
  await endContainer(operation, container, true);
  await releaseContainer(operation, container);
  const told = { sandboxId: sandbox.id, containerId: container.id };
  await context.events.record({ type: "deleted", ...told });
  await shrinkToFit(operation);
}

/** Takes a container's disks and shares back and strikes it from the sandbox. */
export async function releaseContainer(
  operation: Operation,
  container: StoredContainer,
): Promise<void> {
  const { context, sandbox, connection, signal } = operation;
  const ledger = operation.ledger();
  const alive = await isVmAlive(context, sandbox);
  for (const id of [container.drives.lower, container.drives.scratch]) {
    if (id === undefined) continue;
    // Whoever plugged it may have died before that was recorded.
    if (alive) {
      const vm = await connection.vm(sandbox);
      await vm.unplugDrive(id, signal);
      sandbox.vm = vm.state;
    }
    await ledger.release(
      (record) => record.kind === "file" && record.path.endsWith(`/scratch-${id}.img`),
    );
  }
  if (container.config.rootFs !== undefined)
    await unshareRootfs(context, sandbox, container, ledger);
  await hooksAfterDelete(context, sandbox, container);
  sandbox.containers = sandbox.containers.filter((other) => other !== container);
  const digest = container.image?.digest;
  if (digest !== undefined && !sandbox.containers.some((other) => other.image?.digest === digest)) {
    const path = context.images.userFile(digest, sandbox.id);
    await ledger.release((record) => record.kind === "file" && record.path === path);
  }
  await operation.save();
}
