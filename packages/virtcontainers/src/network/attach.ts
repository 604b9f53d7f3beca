import { dirname } from "node:path";
import * as v from "valibot";
import type { NetworkAttachment } from "../config/network/network.ts";
import { VirtError } from "../errors.ts";
import { findPlugin } from "../host/cni/find.ts";
import type { Host } from "../host/host.ts";
import { makePrivateFolder } from "../host/trusted.ts";
import type { Context } from "../operation/context.ts";
import type { Ledger } from "../store/ledger.ts";
import type { Attachment } from "../store/network/attachment.ts";
import { type CniUse, writeUse } from "../store/network/cni-use.ts";
import { lockedNetworks, networksFolder } from "../store/network/places.ts";
import { undoUse } from "../store/record/cni.ts";
import { runHeld } from "../store/run-held.ts";
import { addChain } from "./cni/add.ts";
import { assertFree } from "./cni/claims.ts";
import { assertGiven } from "./cni/given.ts";
import { configFolders, findList } from "./cni/load.ts";
import { networkOfFile, type UsableNetwork } from "./cni/network.ts";
import { type Attachable, type Place, type Plan, planUse, type Wanted } from "./cni/plan.ts";
import { toAttachment } from "./cni/result.ts";
import { takes } from "./cni/runtime-config.ts";
import { defaultNetwork, obtainDefault } from "./definitions/create.ts";
import { readDefinition } from "./definitions/record.ts";
import { toUsable } from "./definitions/usable.ts";

/** What attaching needs of what every verb works with. */
export type AttachContext = Pick<Context, "host" | "dataDir" | "store">;

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
  if (sandbox.config.network === undefined) return [];
  const { host, store } = context;
  const folder = networksFolder(context.dataDir);
  const { stateDir } = store;
  const place = { folder, stateDir, bootId: await host.bootId(), netns: netnsPath };
  const plans = await planAll(context, sandbox, place, signal);
  for (const { use } of plans) await assertInstalled(host, use);
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

async function planAll(
  context: AttachContext,
  sandbox: Attachable,
  place: Place,
  signal: AbortSignal,
): Promise<Plan[]> {
  const wanted = await chooseNetworks(context, sandbox, signal);
  return wanted.map((each) => planUse(sandbox, each, place));
}

/** The networks with the names of their links; the ports lead to the first network that takes such. */
async function chooseNetworks(
  context: AttachContext,
  sandbox: Attachable,
  signal: AbortSignal,
): Promise<Wanted[]> {
  const { network, ports = [] } = sandbox.config;
  const all: NetworkAttachment[] = network?.networks ?? [{ name: defaultNetwork }];
  const networks = await Promise.all(all.map(({ name }) => findNetwork(context, name, signal)));
  const published = networks.findIndex(({ list }) => takes(list.plugins, "portMappings"));
  if (ports.length > 0 && published < 0) throw cantPublish(networks);
  const given = all.flatMap(({ interfaceName }) => interfaceName ?? []);
  const free = Array.from({ length: 32 }, (_, index) => `eth${index}`).filter(
    (name) => !given.includes(name),
  );
  return networks.map((found, index) => ({
    network: found,
    attachment: all[index] ?? { name: found.name },
    ifName: all[index]?.interfaceName ?? free.shift() ?? "",
    ports: index === published ? ports : [],
  }));
}

/** A network that was made here comes before a file's of the same name. */
async function findNetwork(
  { host, dataDir }: AttachContext,
  name: string,
  signal: AbortSignal,
): Promise<UsableNetwork> {
  const folder = networksFolder(dataDir);
  const made = await readDefinition(folder, name);
  if (made !== undefined) return await toUsable(host, folder, made);
  if (name !== defaultNetwork) return await networkOfFile(name);
  const file = await findList(name, configFolders(process.env));
  if (file !== undefined) return { name, list: file };
  return await toUsable(host, folder, await obtainDefault(host, folder, signal));
}

/** With a plugin that is missing nothing is begun, since nothing could be undone either. HOST_REQUIREMENT. */
async function assertInstalled(host: Host, { plugins, folders }: CniUse): Promise<void> {
  for (const { type, ipam } of plugins) {
    await findPlugin(host, type, folders);
    const delegate = v.safeParse(v.object({ type: v.string() }), ipam);
    if (delegate.success) await findPlugin(host, delegate.output.type, folders);
  }
}

function cantPublish(networks: readonly UsableNetwork[]): VirtError {
  const names = networks.map(({ name }) => name).join(", ");
  return new VirtError("NOT_SUPPORTED", `ports can't be published in the network ${names}`, {
    field: "ports",
    hint: "Add a network whose plugins declare the capability portMappings, such as bridge.",
  });
}

/** Writes a use down, unless others have what it asks for. Nothing of it is made yet. */
async function note(
  { host }: AttachContext,
  { name, path, use }: Plan,
  folder: string,
  ledger: Ledger,
  signal: AbortSignal,
): Promise<void> {
  // What is left of a sandbox of this id whose ledger is lost.
  await undoUse(host, path);
  const record = { kind: "cni", network: name, ifName: use.target.ifName, path } as const;
  await ledger.take(record, () =>
    lockedNetworks(host, folder, signal, async () => {
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
  const adding = addChain(host, use, { signal, run }, (latest) =>
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
