import { join } from "node:path";
import { phase } from "../events.ts";
import type { Device } from "../hypervisor/device.ts";
import type { Context } from "../operation/context.ts";
import type { Ledger } from "../store/ledger.ts";
import type { StoredEndpoint, StoredNetwork } from "../store/network/stored.ts";
import type { StoredSandbox } from "../store/schema.ts";
import { attachNetworks } from "./attach.ts";
import { assertRoutable, openRouters } from "./egress/open.ts";
import { kindOf } from "./endpoint/kinds.ts";
import { modelFor } from "./interworking/models.ts";
import { readNamespace } from "./scan/read.ts";
import { type FoundLink, scanNamespace } from "./scan/scan.ts";
import { wantsNamedNetworks, wantsNetwork } from "./wanted.ts";
import type { NetworkWork, Plug } from "./work.ts";

/** The interfaces that a VM starts with; disposed of once the VMM has them. */
class Plugs implements AsyncDisposable {
  readonly #plugs: Plug[] = [];

  get devices(): Device[] {
    return this.#plugs.map(({ device }) => device);
  }

  add(plug: Plug): void {
    this.#plugs.push(plug);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const plug of this.#plugs) await plug[Symbol.asyncDispose]();
  }
}

/** A tap has no more pairs of queues (MAX_TAP_QUEUES). */
const mostQueues = 256;

/** Finds or makes the namespace of a sandbox that is to have one, and what is for the guest in it. */
export async function connectNetwork(
  context: Context,
  sandbox: StoredSandbox,
  cpus: number,
  ledger: Ledger,
  signal: AbortSignal,
): Promise<Plugs> {
  delete sandbox.network;
  const connected = new Plugs();
  if (!wantsNetwork(sandbox.config)) return connected;
  const ids = { sandboxId: sandbox.id };
  try {
    const network = await phase("network.namespace", ids, () =>
      obtainNamespace(context, sandbox, ledger),
    );
    sandbox.network = network;
    if (wantsNamedNetworks(sandbox.config)) {
      network.attachments = await phase("network.cni", ids, () =>
        attachNetworks(context, sandbox, network.netns.path, ledger, signal),
      );
    }
    const links = await phase("network.scan", ids, () =>
      scanLinks(context, sandbox, network, signal),
    );
    const work = networkWork(context, sandbox, network, cpus, ledger, signal);
    await phase("network.attach", ids, async () => {
      for (const link of links) connected.add(await attachLink(work, network, sandbox, link));
    });
    await phase("network.route", ids, () => openRouters(context, sandbox, ledger, signal));
    return connected;
  } catch (error) {
    await connected[Symbol.asyncDispose]();
    throw error;
  }
}

async function obtainNamespace(
  { host, store }: Context,
  { id, config }: StoredSandbox,
  ledger: Ledger,
): Promise<StoredNetwork> {
  const given = config.networkConfig?.netNSPath;
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
  return links;
}

export function networkWork(
  { host }: Pick<Context, "host">,
  { config }: Pick<StoredSandbox, "config">,
  network: StoredNetwork,
  cpus: number,
  ledger: Ledger,
  signal: AbortSignal,
): NetworkWork {
  const queues = Math.min(cpus, mostQueues);
  return { host, network, queues, rates: config.network ?? {}, ledger, signal };
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
  { name, ifindex, type, guest }: FoundLink,
): StoredEndpoint {
  const index = freeIndex(network);
  const egress = config.network?.egress;
  const model = modelFor(type, config.networkConfig?.interworkingModel, egress);
  if (egress !== undefined) assertRoutable(type, name);
  return { id: `net${index}`, type, model, name, ifindex, index, guest };
}

/** The lowest number that no endpoint has. */
function freeIndex({ endpoints }: StoredNetwork): number {
  const taken = new Set(endpoints.map(({ index }) => index));
  let index = 0;
  while (taken.has(index)) index++;
  return index;
}
