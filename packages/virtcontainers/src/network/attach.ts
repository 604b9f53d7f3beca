import { dirname } from "node:path";
import { makePrivateFolder } from "../host/trusted.ts";
import type { Ledger } from "../store/ledger.ts";
import type { Attachment } from "../store/network/attachment.ts";
import { writeUse } from "../store/network/cni-use.ts";
import { lockedNetworks, networksFolder, pluginTurns } from "../store/network/places.ts";
import { undoUse } from "../store/record/cni.ts";
import { runHeld } from "../store/run-held.ts";
import { type AttachContext, planNetworks } from "./choose.ts";
import { addChain } from "./cni/add.ts";
import { assertFree } from "./cni/claims.ts";
import { assertGiven } from "./cni/given.ts";
import type { Attachable, Plan } from "./cni/plan.ts";
import { toAttachment } from "./cni/result.ts";
import { obtainDefault } from "./definitions/create.ts";
import { assertInstalled } from "./installed.ts";

/**
 * Attaches a sandbox, in the order of its links, to the networks that its configuration names: the CNI plugins fill
 * the namespace at `netnsPath`. What was done is undone if it fails. NETWORK_NOT_FOUND, NETWORK_FAILED,
 * NOT_SUPPORTED, BUSY where a port or an address is taken, TIMEOUT.
 */
export async function attachNetworks(
  context: AttachContext,
  sandbox: Attachable,
  netnsPath: string,
  ledger: Ledger,
  signal: AbortSignal,
): Promise<Attachment[]> {
  const { host } = context;
  const folder = networksFolder(context.dataDir);
  const plans = await planNetworks(context, sandbox, netnsPath, () =>
    obtainDefault(host, folder, signal),
  );
  return await attachAll(context, plans, ledger, signal);
}

/** As attachNetworks, what was planned. */
export async function attachAll(
  context: AttachContext,
  plans: readonly Plan[],
  ledger: Ledger,
  signal: AbortSignal,
): Promise<Attachment[]> {
  const { host } = context;
  const folder = networksFolder(context.dataDir);
  for (const plan of plans) {
    plan.use.plugins.push(...((await plan.further?.(host)) ?? []));
    // With a plugin that is missing nothing is begun, since nothing could be undone either.
    await assertInstalled(host, plan);
  }
  try {
    for (const plan of plans) await note(context, plan, folder, ledger, signal);
    const attached: Attachment[] = [];
    for (const plan of plans) attached.push(await add(context, plan, ledger, signal));
    return attached;
  } catch (error) {
    for (const { path } of [...plans].reverse())
      await ledger
        .release((record) => record.kind === "cni" && record.path === path)
        .catch(() => {});
    throw error;
  }
}

/** Writes a use down, unless others have what it asks for. Nothing of it is made yet. */
async function note(
  { host }: AttachContext,
  { name, path, use, assertThere }: Plan,
  folder: string,
  ledger: Ledger,
  signal: AbortSignal,
): Promise<void> {
  // What is left of a sandbox of this id whose ledger is lost.
  await undoUse(host, path);
  const record = { kind: "cni", network: name, ifName: use.target.ifName, path } as const;
  await ledger.take(record, () =>
    lockedNetworks(host, folder, signal, async () => {
      await assertThere?.();
      await assertFree(host, folder, { path, cniName: use.cniName, claims: use.claims });
      makePrivateFolder(dirname(path));
      await writeUse(path, use);
    }),
  );
}

/** What the plugins are in the ledger. */
const plugin = { name: "cni plugin", variable: "VIRTCONTAINERS_CNI" };

async function add(
  { host }: AttachContext,
  { name, path, use, prepare }: Plan,
  ledger: Ledger,
  signal: AbortSignal,
): Promise<Attachment> {
  const run = runHeld(host, ledger, plugin);
  const turns = pluginTurns(host, path, signal);
  const adding = addChain(host, use, { signal, run, turns }, (latest) =>
    writeUse(path, { ...use, result: latest }),
  );
  // At once, and neither is left under way when the other has failed.
  const [added, prepared] = await Promise.allSettled([adding, prepare?.(host, signal)]);
  if (prepared.status === "rejected") throw prepared.reason;
  if (added.status === "rejected") throw added.reason;
  const result = added.value;
  const attachment = toAttachment(result, name, use.target.ifName);
  assertGiven(attachment, use.claims);
  await writeUse(path, { ...use, result, attachment });
  return attachment;
}
