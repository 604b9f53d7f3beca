import { open } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Agent } from "../agent/agent.ts";
import { removeFeature } from "../agent/files.ts";
import { hostError } from "../host/errno.ts";
import type { Context } from "../operation/context.ts";
import type { Ledger } from "../store/ledger.ts";
import type { StoredContainer, StoredMount, StoredSandbox } from "../store/schema.ts";
import { type Copied, copyIntoGuest } from "./copies/copy.ts";
import { type Updating, updateMount } from "./copies/watched/update.ts";
import { makeFolder } from "./folder.ts";
import { copiesFolder, copyRoot } from "./guest/paths.ts";
import { bindInside, unbindInside } from "./virtiofs/user-namespace.ts";

/** Makes a container's folder root and mounts appear in the guest: shared, or as copies. */
export async function shareMounts(
  context: Context,
  sandbox: StoredSandbox,
  container: StoredContainer,
  agent: () => Promise<Agent>,
  ledger: Ledger,
  signal: AbortSignal,
): Promise<void> {
  await shareRootfs(context, sandbox, container, ledger);
  for (const mount of container.mounts) {
    if (mount.kind === "share") await shareMount(context, sandbox, container, mount, ledger);
    if (mount.kind === "copy") {
      await copy({ context, sandbox, agent, signal }, container, mount);
    }
  }
}

/** A container of the same id may have been there before, and left its copies in the guest. */
async function copy(updating: Updating, container: StoredContainer, mount: Copied): Promise<void> {
  const { context, sandbox, signal } = updating;
  const agent = await updating.agent();
  if (sandbox.agentFeatures.includes(removeFeature))
    await agent.removeFile(copyRoot(container.id, mount), signal);
  if (mount.watchable) await updateMount(updating, container, mount, true);
  else await copyIntoGuest(context, agent, container, mount, signal);
}

/** Takes the copies that a container was given out of the guest, whose memory they fill. */
export async function removeCopies(
  { sandbox, agent, signal }: Updating,
  container: StoredContainer,
): Promise<void> {
  if (!container.mounts.some(({ kind }) => kind === "copy")) return;
  if (!sandbox.agentFeatures.includes(removeFeature)) return;
  await (await agent()).removeFile(copiesFolder(container.id), signal);
}

/** Takes what a container was given out of the guest's sight. */
export async function unshareMounts(
  context: Context,
  sandbox: StoredSandbox,
  container: StoredContainer,
  ledger: Ledger,
): Promise<void> {
  const place = placeOf(context, sandbox, container);
  const { shareDaemon } = sandbox;
  if (context.host.uid !== 0 && shareDaemon !== undefined) {
    if (await context.host.processes.isAlive(shareDaemon))
      await unbindInside(context.host, shareDaemon, place);
    return;
  }
  const below = `${place}/`;
  await ledger.release((record) => record.kind === "mount" && record.target.startsWith(below));
}

/** As of each mount, the path was made real when the container was planned: a part that was swapped for a link is refused. */
async function shareRootfs(
  context: Context,
  sandbox: StoredSandbox,
  container: StoredContainer,
  ledger: Ledger,
): Promise<void> {
  const { rootFolder } = container;
  if (rootFolder === undefined) return;
  const { rootFs, readonlyRootfs } = container.config;
  const target = join(placeOf(context, sandbox, container), "rootfs");
  await makeFolder(target);
  const readonly = rootFs?.options?.includes("ro") ?? readonlyRootfs ?? false;
  await bind(context, sandbox, ledger, { source: rootFolder, target, readonly });
}

async function shareMount(
  context: Context,
  sandbox: StoredSandbox,
  container: StoredContainer,
  mount: Extract<StoredMount, { kind: "share" }>,
  ledger: Ledger,
): Promise<void> {
  const target = join(placeOf(context, sandbox, container), mount.name);
  if (mount.folder) await makeFolder(target);
  else await makeFile(target);
  const { readonly, recursive } = mount;
  await bind(context, sandbox, ledger, { source: mount.path, target, readonly, recursive });
}

/** Root mounts on the host, by the ledger; an ordinary user where the daemon is, with which it goes. */
async function bind(
  { host }: Context,
  { shareDaemon }: StoredSandbox,
  ledger: Ledger,
  what: { source: string; target: string; readonly: boolean; recursive?: boolean },
): Promise<void> {
  const { source, target, readonly, recursive = false } = what;
  if (host.uid !== 0 && shareDaemon !== undefined)
    return await bindInside(host, shareDaemon, source, target, { readonly });
  await ledger.take({ kind: "mount", target }, () =>
    host.mounts.bind(source, target, { readonly, recursive }),
  );
}

function placeOf(context: Context, sandbox: StoredSandbox, container: StoredContainer): string {
  return join(context.store.folder(sandbox.id).mounts, container.id);
}

/** A file to mount another one on. */
async function makeFile(path: string): Promise<void> {
  await makeFolder(dirname(path));
  try {
    await (await open(path, "a", 0o600)).close();
  } catch (error) {
    throw hostError(error, `making the file ${path}`);
  }
}
