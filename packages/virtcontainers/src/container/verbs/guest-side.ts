import { copyFeature, partsFeature } from "../../agent/files.ts";
import { isNotFound } from "../../agent/not-found.ts";
import { Deadline } from "../../deadline.ts";
import { VirtError } from "../../errors.ts";
import { assertPays, owe, unconfirmed } from "../../operation/owed.ts";
import { assertReachable, type Operation } from "../../operation/run-verb.ts";
import { isVmAlive } from "../../store/vm-alive.ts";
import type { GuestSide } from "../../transfer/guest-tree.ts";

/** How long a guest may take to remove what was put of a file. */
const dropMs = 1_500;

/** The files of a container, for the time of an operation. NOT_SUPPORTED, INVALID_STATE. */
export async function guestSide(operation: Operation, containerId: string): Promise<GuestSide> {
  const { sandbox, signal } = operation;
  assertReachable(operation, "copy files of", containerId);
  if (!sandbox.agentFeatures.includes(copyFeature)) {
    throw new VirtError("NOT_SUPPORTED", "the agent of this guest can't copy files", {
      sandboxId: sandbox.id,
    });
  }
  const agent = await operation.agent();
  await assertPays(operation.context, sandbox);
  return {
    ...{ agent, sandboxId: sandbox.id, containerId, signal },
    parts: sandbox.agentFeatures.includes(partsFeature),
    drop: (reason, path, part) => drop(operation, { containerId, path, part }, reason),
  };
}

/** A guest that does not confirm it has to do it later. */
async function drop(
  { context, connection, sandbox }: Operation,
  unfinished: { containerId: string; path: string; part: string },
  reason: unknown,
): Promise<unknown> {
  const { containerId, path, part } = unfinished;
  using limit = new Deadline({}, dropMs, "copy");
  try {
    const agent = await limit.race(connection.agent(sandbox, limit.signal));
    await limit.race(agent.dropFile(containerId, path, part, limit.signal));
    return reason;
  } catch (error) {
    if (isNotFound(error) || !(await isVmAlive(context, sandbox))) return reason;
    await owe(context, sandbox, { kind: "part", ...unfinished });
    return unconfirmed(reason, sandbox.id, `what was copied of ${path} is gone`);
  }
}
