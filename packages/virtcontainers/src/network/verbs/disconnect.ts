import { networkName } from "../../config/network/names.ts";
import { refresh } from "../../operation/refresh.ts";
import { type Operation, type Verb, within } from "../../operation/run-verb.ts";
import { assertAllowed } from "../../operation/state.ts";
import { parse } from "../../validate.ts";
import { assertLive } from "../interworking/models.ts";
import { tellDisconnected } from "../tell-members.ts";
import { assertOwnNamespace, withoutNetwork } from "./networks.ts";
import { part } from "./plug.ts";
import { settle, unsettledOf } from "./settle.ts";

/** How long a guest is waited for that is not to be asked. */
const forcedTimeoutMs = 5_000;

/** Takes a sandbox out of a network: at once if it runs, else when it starts. `force`: whatever its guest says. */
export function disconnectNetwork(input: string, { force = false } = {}): Verb<void> {
  const name = parse(networkName, input, "network");
  return async (operation) => {
    const { context, sandbox, connection, signal } = operation;
    await refresh(context, sandbox, connection, signal);
    assertAllowed("connectNetwork", sandbox);
    assertOwnNamespace(sandbox, "disconnect it from a network");
    if (sandbox.state === "stopped") {
      sandbox.config = withoutNetwork(sandbox, name);
      return await operation.save();
    }
    // One that its guest did not let go of before is tried again.
    const { network } = sandbox;
    const attachments = network?.attachments.filter((each) => each.network === name) ?? [];
    if (!isLeaving(operation, name)) await mark(operation, name);
    context.host.failpoint("network.disconnect.marked");
    if (force) await cutOff(operation);
    else await settle(operation);
    context.host.failpoint("network.disconnect.settled");
    if (network !== undefined)
      await tellDisconnected(context, { id: sandbox.id, network: { ...network, attachments } });
  };
}

function isLeaving({ sandbox, ledger }: Operation, name: string): boolean {
  const { records } = unsettledOf(sandbox, ledger().entries());
  return records.some((record) => record.kind === "cni" && record.network === name);
}

/** From here on it is what a killed process has left, for whoever comes next. */
async function mark({ sandbox, save }: Operation, name: string): Promise<void> {
  const config = withoutNetwork(sandbox, name);
  const { network } = sandbox;
  const left = network?.attachments.find((each) => each.network === name);
  const endpoint = network?.endpoints.find((each) => each.name === left?.ifName);
  if (endpoint !== undefined) {
    assertLive(endpoint);
    endpoint.loose = true;
  }
  if (network !== undefined)
    network.attachments = network.attachments.filter((each) => each !== left);
  sandbox.config = config;
  await save();
}

/** The host's side first, so that nothing crosses any more; a guest that keeps the device has one that leads nowhere. */
async function cutOff(operation: Operation): Promise<void> {
  const { context, sandbox } = operation;
  const { network } = sandbox;
  const ledger = operation.ledger();
  const { isLeft } = unsettledOf(sandbox, ledger.entries());
  for (const endpoint of network?.endpoints.filter(({ loose }) => loose) ?? [])
    if (network !== undefined) await part(operation, network, endpoint);
  await ledger.release(isLeft);
  try {
    await within(operation, forcedTimeoutMs, "network.unplug", settle);
  } catch (error) {
    operation.signal.throwIfAborted();
    context.logger.warn(
      { err: error, sandboxId: sandbox.id },
      "the guest keeps an interface that leads nowhere; it is asked again by what comes next",
    );
  }
}
