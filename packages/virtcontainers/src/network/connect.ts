import { join } from "node:path";
import { phase } from "../events.ts";
import type { Context } from "../operation/context.ts";
import type { Ledger } from "../store/ledger.ts";
import type { StoredEndpoint, StoredNetwork } from "../store/network/stored.ts";
import type { StoredSandbox } from "../store/schema.ts";
import { attachNetworks } from "./attach.ts";
import { danLinks, readDan } from "./dan/links.ts";
import { assertRoutable } from "./egress/open.ts";
import { kindOf } from "./endpoint/kinds.ts";
import { assertJoinable, modelFor } from "./interworking/models.ts";
import { publishPorts } from "./publish/publish.ts";
import { readNamespace } from "./scan/read.ts";
import { type FoundLink, scanNamespace } from "./scan/scan.ts";
import { servedBySocket } from "./scan/socket.ts";
import { wantsNamedNetworks } from "./wanted.ts";
import type { NetworkWork, Plug } from "./work.ts";

/** A tap has no more pairs of queues (MAX_TAP_QUEUES). */
const mostQueues = 256;

/** Fills the namespace with what the configuration names, and tells what links for the guest are in it. */
export async function fillNamespace(
  context: Context,
  sandbox: StoredSandbox,
  network: StoredNetwork,
  ledger: Ledger,
  signal: AbortSignal,
): Promise<FoundLink[]> {
  const ids = { sandboxId: sandbox.id };
  if (wantsNamedNetworks(sandbox.config))
    network.attachments = await phase("network.cni", ids, () =>
      attachNetworks(context, sandbox, network.netns.path, ledger, signal),
    );
  const { danConfigPath } = sandbox.config.networkConfig ?? {};
  if (danConfigPath !== undefined) return await danLinks(context, network, danConfigPath, signal);
  await publishPorts(context, sandbox, network, ledger);
  return await phase("network.scan", ids, () => scanLinks(context, sandbox, network, signal));
}

/** Finds the namespace of a sandbox, or makes it. */
export async function obtainNamespace(
  { host, store }: Context,
  { id, config }: StoredSandbox,
  ledger: Ledger,
): Promise<StoredNetwork> {
  const { netNSPath, danConfigPath } = config.networkConfig ?? {};
  const given = danConfigPath === undefined ? netNSPath : readDan(danConfigPath).netns;
  if (given !== undefined) {
    const netns = { path: given, ...(await host.network.identifyNamespace(given)) };
    return { netns, created: false, endpoints: [], attachments: [] };
  }
  const path = join(store.folder(id).path, "netns");
  const made = await ledger.take({ kind: "netns", path }, () => host.network.makeNamespace(path));
  return { netns: { path, ...made }, created: true, endpoints: [], attachments: [] };
}

async function scanLinks(
  { host, logger }: Context,
  sandbox: StoredSandbox,
  { netns }: StoredNetwork,
  signal: AbortSignal,
): Promise<FoundLink[]> {
  const { links, left } = scanNamespace(await readNamespace(host, netns.path, signal));
  for (const link of left)
    logger.warn({ sandboxId: sandbox.id, link }, "a link of the namespace is not the guest's");
  return links.map(servedBySocket);
}

export function networkWork(
  { host }: Pick<Context, "host">,
  { config, user }: Pick<StoredSandbox, "config" | "user">,
  network: StoredNetwork,
  cpus: number,
  ledger: Ledger,
  signal: AbortSignal,
): NetworkWork {
  const queues = Math.min(cpus, mostQueues);
  return { host, network, queues, user, rates: config.network ?? {}, ledger, signal };
}

/** Joins a link with one that the guest is to have, and writes down that it is. */
export async function attachLink(
  work: NetworkWork,
  network: StoredNetwork,
  sandbox: Pick<StoredSandbox, "config">,
  link: FoundLink,
): Promise<Plug> {
  const endpoint = makeEndpoint(network, sandbox, link);
  work.host.failpoint("network.attach.before");
  const plug = await kindOf(endpoint.type, endpoint.name).attach(work, endpoint);
  work.host.failpoint("network.attach.after");
  network.endpoints.push(endpoint);
  return plug;
}

/** What a link becomes; nothing is made yet. */
export function makeEndpoint(
  network: StoredNetwork,
  { config }: Pick<StoredSandbox, "config">,
  { name, ifindex, type, source, guest }: FoundLink,
): StoredEndpoint {
  const index = freeIndex(network);
  const egress = config.network?.egress;
  const model = modelFor(type, config.networkConfig?.interworkingModel, egress);
  if (egress !== undefined) assertRoutable(type, name);
  const side = model === "routed" ? behindRouter(guest) : guest;
  const made = { id: `net${index}`, type, model, name, ifindex, index, guest: side };
  const endpoint = source === undefined ? made : { ...made, source };
  assertJoinable(endpoint);
  return endpoint;
}

/** On the guest's side of a router there is nobody but the router, which it has to ask for. */
function behindRouter(guest: StoredEndpoint["guest"]): StoredEndpoint["guest"] {
  return { ...guest, noArp: false, neighbors: [] };
}

/** The lowest number that no endpoint has. */
function freeIndex({ endpoints }: StoredNetwork): number {
  const taken = new Set(endpoints.map(({ index }) => index));
  let index = 0;
  while (taken.has(index)) index++;
  return index;
}
