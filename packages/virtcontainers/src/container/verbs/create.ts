import { type ContainerConfig, ContainerConfigSchema } from "../../config/container.ts";
import { rootFolderOf } from "../../config/rootfs.ts";
import { VirtError } from "../../errors.ts";
import { assertCanAttach } from "../../hypervisor/can-attach.ts";
import type { DiskDevice } from "../../hypervisor/device.ts";
import { assertNotOwed, assertPays, unconfirmed } from "../../operation/owed.ts";
import { type Operation, undo } from "../../operation/run-verb.ts";
import { assertAllowed } from "../../operation/state.ts";
import { growToFit } from "../../resources/fit.ts";
import { needsDrives, prepareDrives, releaseOrphans } from "../../storage/block/drives.ts";
import { shareMounts } from "../../storage/share-mounts.ts";
import { watchShare } from "../../storage/virtiofs/daemon.ts";
import type { StoredContainer } from "../../store/schema.ts";
import { parse } from "../../validate.ts";
import { hooksAndLinks } from "../hooks-and-links.ts";
import { applyCustomSpec } from "../spec/oci/custom-spec.ts";
import { createContainerInGuest } from "./create-in-guest.ts";
import { releaseContainer } from "./delete.ts";
import { prepareContainer } from "./prepare.ts";
import { endContainer } from "./stop.ts";

/** Adds a container to a sandbox that is up; it is not started. */
export async function createContainer(
  operation: Operation,
  input: ContainerConfig,
): Promise<StoredContainer> {
  const { context, sandbox, signal } = operation;
  const config = await applyCustomSpec(
    context,
    parse(ContainerConfigSchema, input),
    input,
    "container",
  );
  assertAllowed("createContainer", sandbox);
  if (sandbox.containers.some((container) => container.id === config.id)) {
    throw new VirtError(
      "ALREADY_EXISTS",
      `sandbox ${sandbox.id} has a container ${config.id} already`,
      {
        sandboxId: sandbox.id,
        containerId: config.id,
        hint: "Choose another id, or delete that container first.",
      },
    );
  }
  if (rootFolderOf(config.rootFs) !== undefined && !sandbox.shared) {
    throw new VirtError(
      "NOT_SUPPORTED",
      `sandbox ${sandbox.id} shares no file system with the host`,
      {
        sandboxId: sandbox.id,
        field: "rootFs",
        hint: 'Create the sandbox with hypervisorConfig.sharedFS: "virtio-fs".',
      },
    );
  }
  const place = { config: sandbox.config, shared: sandbox.shared, field: "container" };
  const container = await prepareContainer(context, config, place, signal);
  if (needsDrives(container)) assertCanAttach(operation.hypervisor, "disk", "hot");
  using _share = await watchShare(operation, container);
  await operation.agent();
  await assertPays(context, sandbox);
  await assertNotOwed(context, sandbox, container.id);
  sandbox.containers.push(container);
  try {
    await growToFit(operation);
    await plug(operation, container);
    const agent = await operation.agent();
    await hooksAndLinks(operation, container);
    await createContainerInGuest(context, sandbox, container, agent, signal);
    await operation.save();
    const told = { sandboxId: sandbox.id, containerId: container.id };
    await context.events.record({ type: "created", ...told });
    return container;
  } catch (error) {
    let confirmed = false;
    await undo(operation, async (undoing) => {
      confirmed = await endContainer(undoing, container, true);
      await releaseContainer(undoing, container);
    });
    throw confirmed ? error : unconfirmed(error, sandbox.id, `container ${container.id} is gone`);
  }
}

async function plug(operation: Operation, container: StoredContainer): Promise<void> {
  const { context, sandbox, signal } = operation;
  const ledger = operation.ledger();
  await releaseOrphans(context, sandbox, ledger);
  const drives = await prepareDrives(context, sandbox, container, ledger, signal);
  await operation.save();
  if (drives.length > 0) await plugDrives(operation, drives);
  await operation.save();
  await shareMounts(context, sandbox, container, operation.agent, ledger, signal);
}

async function plugDrives(operation: Operation, drives: readonly DiskDevice[]): Promise<void> {
  const { context, sandbox, signal } = operation;
  const vm = await operation.vm("attach", "detach");
  for (const drive of drives) {
    // A volume's id is always the same: whoever died may have left it plugged. Not there is no error.
    await vm.detach(drive.id, signal);
    context.host.failpoint("drive.plug.before");
    await vm.attach(drive, signal);
    context.host.failpoint("drive.plug.after");
  }
  sandbox.vm = vm.state;
}
