import { isNotFound } from "../../agent/not-found.ts";
import { assertCan } from "../../hypervisor/abilities.ts";
import { owe } from "../../operation/owed.ts";
import { type Operation, within } from "../../operation/run-verb.ts";
import { assertAllowed } from "../../operation/state.ts";
import { shrinkToFit } from "../../resources/fit.ts";
import { needsDrives } from "../../storage/block/drives.ts";
import { isOfRootDisk } from "../../storage/block/hold-disk.ts";
import { isScratch } from "../../storage/block/scratch.ts";
import { letVolumeGo, volumeOf } from "../../storage/block/volumes.ts";
import { copiesFolder } from "../../storage/guest/paths.ts";
import { removeCopies, unshareMounts } from "../../storage/share-mounts.ts";
import type { StoredContainer } from "../../store/schema.ts";
import { isVmAlive } from "../../store/vm-alive.ts";
import { hooksAfterDelete } from "../hooks.ts";
import { endContainer } from "./stop.ts";

/** How long a guest may take to remove a container's copies. */
const copiesMs = 2_000;

/** Deletes a container that does not run, with its disks. */
export async function deleteContainer(
  operation: Operation,
  container: StoredContainer,
): Promise<void> {
  const { context, sandbox } = operation;
  assertAllowed("deleteContainer", sandbox, container);
  if (needsDrives(container) && (await isVmAlive(context, sandbox)))
    assertCan(operation.hypervisor, "detach", sandbox.id);
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
  const { context, sandbox } = operation;
  const ledger = operation.ledger();
  const alive = await isVmAlive(context, sandbox);
  const { lower, scratch, root } = container.drives;
  for (const id of [lower, scratch, root]) {
    if (id === undefined) continue;
    if (alive) await unplug(operation, id);
    if (container.disk !== undefined && id !== scratch)
      await ledger.release(isOfRootDisk(context, sandbox.id, id, container.disk));
  }
  await ledger.release(isScratch(context, sandbox.id, container.id));
  if (alive) await dropCopies(operation, container);
  await unshareMounts(context, sandbox, container, ledger);
  await hooksAfterDelete(context, sandbox, container);
  sandbox.containers = sandbox.containers.filter((other) => other !== container);
  await releaseVolumes(operation, container, alive);
  const digest = container.image?.digest;
  if (digest !== undefined && !sandbox.containers.some((other) => other.image?.digest === digest)) {
    const path = context.images.userFile(digest, context.store.userName(sandbox.id));
    await ledger.release((record) => record.kind === "file" && record.path === path);
  }
  await operation.save();
}

/** A guest that does not answer has to do it later. */
async function dropCopies(operation: Operation, container: StoredContainer): Promise<void> {
  const { context, sandbox } = operation;
  try {
    await within(operation, copiesMs, "delete", (limited) => removeCopies(limited, container));
  } catch (error) {
    if (isNotFound(error)) return;
    const path = copiesFolder(container.id);
    await owe(context, sandbox, { kind: "copies", containerId: container.id, path });
  }
}

async function unplug(operation: Operation, driveId: string): Promise<void> {
  const { context, sandbox, signal } = operation;
  // Whoever plugged it may have died before that was recorded.
  const vm = await operation.vm("detach");
  context.host.failpoint("drive.unplug.before");
  await vm.detach(driveId, signal);
  context.host.failpoint("drive.unplug.after");
  sandbox.vm = vm.state;
}

/** Gives the volumes back that no other container of the sandbox mounts. */
async function releaseVolumes(
  operation: Operation,
  container: StoredContainer,
  alive: boolean,
): Promise<void> {
  const { context, sandbox } = operation;
  for (const mount of container.mounts) {
    const name = volumeOf(mount);
    if (name === undefined) continue;
    if (sandbox.containers.some((other) => other.mounts.some((m) => volumeOf(m) === name)))
      continue;
    if (mount.kind === "drive" && alive) await unplug(operation, mount.driveId);
    await letVolumeGo(context, sandbox, name, operation.ledger());
  }
}
