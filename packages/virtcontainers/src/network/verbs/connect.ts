import { type NetworkAttachment, NetworkAttachmentSchema } from "../../config/network/network.ts";
import type { PortMapping } from "../../config/network/port.ts";
import { invalidArgument, VirtError } from "../../errors.ts";
import { assertCanAttach } from "../../hypervisor/can-attach.ts";
import { refresh } from "../../operation/refresh.ts";
import { type Operation, undo, type Verb } from "../../operation/run-verb.ts";
import { assertAllowed } from "../../operation/state.ts";
import type { Attachment } from "../../store/network/attachment.ts";
import { readUse } from "../../store/network/cni-use.ts";
import type { StoredEndpoint, StoredNetwork } from "../../store/network/stored.ts";
import { parse } from "../../validate.ts";
import { attachAll } from "../attach.ts";
import { assertAttachable } from "../attachable.ts";
import { planNetwork } from "../choose.ts";
import { makeEndpoint, obtainNamespace } from "../connect.ts";
import { obtainDefault } from "../definitions/create.ts";
import { assertLive } from "../interworking/models.ts";
import { readNamespace } from "../scan/read.ts";
import { findLink } from "../scan/scan.ts";
import { tellConnected } from "../tell-members.ts";
import { assertConnectable } from "../wanted.ts";
import { assertOwnNamespace, withNetwork } from "./networks.ts";
import { plug } from "./plug.ts";
import { settle } from "./settle.ts";
import { tellNetworks } from "./tell-networks.ts";

type Config = Operation["sandbox"]["config"];

/** Connects a sandbox to one more network: at once if it runs, else when it starts. */
export function connectNetwork(input: NetworkAttachment): Verb<void> {
  const wanted = parse(NetworkAttachmentSchema, input, "network");
  return async (operation) => {
    const { context, sandbox, connection, signal } = operation;
    await refresh(context, sandbox, connection, signal);
    assertAllowed("connectNetwork", sandbox);
    assertOwnNamespace(sandbox, "connect it to a network");
    const config = withNetwork(sandbox, wanted);
    const alone = { network: { ...config.network, networks: [wanted] } };
    await assertAttachable(context, { ...sandbox, config: alone });
    await assertConnectable(context, operation.hypervisor, config);
    if (sandbox.state === "stopped") sandbox.config = config;
    else await connect(operation, wanted, config);
    await operation.save();
    context.host.failpoint("network.connect.saved");
    const { network } = sandbox;
    if (network === undefined || sandbox.state === "stopped") return;
    const attachments = network.attachments.filter((each) => each.network === wanted.name);
    await tellConnected(context, { id: sandbox.id, network: { ...network, attachments } });
  };
}

/** As long as the configuration is not saved, it is half made: whoever comes next takes it off. */
async function connect(
  operation: Operation,
  wanted: NetworkAttachment,
  config: Config,
): Promise<void> {
  const { sandbox, context, signal } = operation;
  assertCanAttach(operation.hypervisor, "network", "hot");
  await settle(operation);
  const before = { config: sandbox.config, network: sandbox.network };
  const network = before.network ?? (await makeNamespace(operation));
  const attachments = [...network.attachments];
  let endpoint: StoredEndpoint | undefined;
  try {
    const attachment = await attach(operation, network, wanted);
    const found = await readNamespace(context.host, network.netns.path, signal);
    endpoint = makeEndpoint(network, sandbox, findLink(found, attachment.ifName));
    assertLive(endpoint);
    await plug(operation, network, endpoint);
    context.host.failpoint("network.connect.plugged");
    // Saved by the caller, all at once.
    delete endpoint.loose;
    network.attachments = [...attachments, attachment];
    sandbox.config = config;
    await tellNetworks(operation);
    context.host.failpoint("network.connect.told");
  } catch (error) {
    await undo(operation, async (undoing) => {
      if (endpoint !== undefined) endpoint.loose = true;
      network.attachments = attachments;
      sandbox.config = before.config;
      await settle(undoing);
      if (before.network === undefined) await removeNamespace(undoing);
    });
    throw error;
  }
}

async function removeNamespace(undoing: Operation): Promise<void> {
  delete undoing.sandbox.network;
  await undoing.save();
  await settle(undoing);
}

async function makeNamespace(operation: Operation): Promise<StoredNetwork> {
  const { context, sandbox } = operation;
  sandbox.network = await obtainNamespace(context, sandbox, operation.ledger());
  context.host.failpoint("network.connect.namespace");
  await operation.save();
  return sandbox.network;
}

async function attach(
  operation: Operation,
  network: StoredNetwork,
  wanted: NetworkAttachment,
): Promise<Attachment> {
  const { context, sandbox, signal } = operation;
  const taken = network.endpoints.map(({ name }) => name);
  const { interfaceName: asked } = wanted;
  if (asked !== undefined && taken.includes(asked))
    throw invalidArgument("network.interfaceName", asked, "a link of the guest has that name");
  const ports = await unpublished(operation);
  const where = { netns: network.netns.path, taken, ports };
  const plan = await planNetwork(context, sandbox, wanted, where, (folder) =>
    obtainDefault(context.host, folder, signal),
  );
  const [attachment] = await attachAll(context, [plan], operation.ledger(), signal);
  if (attachment !== undefined) return attachment;
  throw new VirtError("NETWORK_FAILED", `the network ${wanted.name} has given no link`);
}

/** The ports of the sandbox, if none of its networks leads them to it. */
async function unpublished(operation: Operation): Promise<readonly PortMapping[]> {
  for (const { record } of operation.ledger().entries()) {
    const use = record.kind === "cni" ? await readUse(record.path) : undefined;
    if (use !== undefined && use.claims.ports.length > 0) return [];
  }
  return operation.sandbox.config.ports ?? [];
}
