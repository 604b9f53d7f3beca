import type { Interface } from "../../config/network/interface.ts";
import { type Operation, undo } from "../../operation/run-verb.ts";
import type { StoredEndpoint, StoredNetwork } from "../../store/network/stored.ts";
import { networkWork } from "../connect.ts";
import { kindOf } from "../endpoint/kinds.ts";
import { interfaceOf, tellInterface } from "../tell.ts";
import type { NetworkWork } from "../work.ts";

/** Gives a running guest an interface, and tells it which. Taken off again if that fails; it stays loose until its caller is done. */
export async function plug(
  operation: Operation,
  network: StoredNetwork,
  endpoint: StoredEndpoint,
): Promise<Interface> {
  const { context, signal } = operation;
  const vm = await operation.vm("attach", "detach");
  // In the state before it is anywhere else, so that whoever comes after can take it off.
  endpoint.loose = true;
  network.endpoints.push(endpoint);
  await operation.save();
  try {
    const work = workOf(operation, network);
    await using made = await kindOf(endpoint.type, endpoint.name).attach(work, endpoint);
    context.host.failpoint("network.hotplug.before");
    endpoint.address = await vm.attach(made.device, signal);
    context.host.failpoint("network.hotplug.after");
    const told = interfaceOf(endpoint);
    await tellInterface(await operation.agent(), told, signal);
    return told;
  } catch (error) {
    await undo(operation, (undoing) => unplug(undoing, network, endpoint));
    throw error;
  }
}

/** Takes an interface from a running guest; what of it is gone already is no error. */
export async function unplug(
  operation: Operation,
  network: StoredNetwork,
  endpoint: StoredEndpoint,
): Promise<void> {
  const vm = await operation.vm("attach", "detach");
  await vm.detach(endpoint.id, operation.signal);
  operation.context.host.failpoint("network.unplugged");
  await part(operation, network, endpoint);
  network.endpoints.splice(network.endpoints.indexOf(endpoint), 1);
  await operation.save();
}

/** Gives back what joins a link and an interface, whether the guest has that still or not. */
export async function part(
  operation: Operation,
  network: StoredNetwork,
  endpoint: StoredEndpoint,
): Promise<void> {
  await kindOf(endpoint.type, endpoint.name).detach(workOf(operation, network), endpoint);
}

function workOf(operation: Operation, network: StoredNetwork): NetworkWork {
  const { context, sandbox, signal } = operation;
  const cpus = sandbox.size?.cpus ?? 1;
  return networkWork(context, sandbox, network, cpus, operation.ledger(), signal);
}
