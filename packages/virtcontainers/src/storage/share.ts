import { join } from "node:path";
import { pinTrusted } from "../host/files.ts";
import type { Virtio9pDevice, VirtioFsDevice } from "../hypervisor/device.ts";
import type { Context } from "../operation/context.ts";
import type { Ledger } from "../store/ledger.ts";
import type { StoredSandbox } from "../store/schema.ts";
import { makeFolder } from "./folder.ts";
import { sharedTag } from "./guest/storages.ts";
import { startVirtiofsd } from "./virtiofs/start.ts";

/**
 * Makes what a guest will see of the host: a folder of mounts that only the host can reach, and a read-only
 * view of it for the guest. So a guest can change what is mounted there, where it may, but never the places
 * where something is mounted, or will be unmounted. A later mount appears in the view by propagation.
 */
export async function startShare(
  context: Context,
  sandbox: StoredSandbox,
  ledger: Ledger,
): Promise<VirtioFsDevice | Virtio9pDevice> {
  const { mounts: inside, shared } = context.store.folder(sandbox.id);
  for (const path of [inside, shared]) await makeFolder(path);
  if (context.host.uid === 0) await mountView(context, { inside, shared }, ledger);
  if (sandbox.config.hypervisorConfig?.sharedFS === "virtio-9p") {
    return { kind: "virtio-9p", id: "share", tag: sharedTag, path: shared };
  }
  const socketPath = join(context.store.folder(sandbox.id).vm, "virtiofsd.sock");
  await startVirtiofsd(context, sandbox, socketPath, ledger);
  return { kind: "virtio-fs", id: "share", tag: sharedTag, socketPath };
}

/** Root mounts on the host; for an ordinary user the daemon does it, where nobody else sees it. */
async function mountView(
  { host: { mounts } }: Context,
  { inside, shared }: { inside: string; shared: string },
  ledger: Ledger,
): Promise<void> {
  await ledger.take({ kind: "mount", target: inside }, async () => {
    await using folder = await pinTrusted(inside);
    await mounts.bind(folder, inside, { propagation: "shared" });
  });
  await ledger.take({ kind: "mount", target: shared }, async () => {
    await using folder = await pinTrusted(inside);
    await mounts.bind(folder, shared, { propagation: "slave", readonly: true });
  });
}
