import type { Agent } from "../../agent/agent.ts";
import { extensionFeature } from "../../agent/features.ts";
import { isVirtError } from "../../errors.ts";
import { phase } from "../../events.ts";
import { assertNotOwed, unconfirmed } from "../../operation/owed.ts";
import { type Operation, undo } from "../../operation/run-verb.ts";
import { assertAllowed } from "../../operation/state.ts";
import { growToFit } from "../../resources/fit.ts";
import { catchUp } from "../../storage/copies/watched/catch-up.ts";
import { watchShare } from "../../storage/virtiofs/daemon.ts";
import type { StoredContainer } from "../../store/schema.ts";
import { hooksAfterStart } from "../hooks.ts";
import { hooksAndLinks } from "../hooks-and-links.ts";
import { HostConsole } from "../process/host-console.ts";
import { createContainerInGuest } from "./create-in-guest.ts";
import { ignoreGone, stopContainer } from "./stop.ts";

/** Starts a container of a running sandbox, or leaves it stopped. */
export async function startContainer(
  operation: Operation,
  container: StoredContainer,
): Promise<void> {
  const { sandbox } = operation;
  assertAllowed("startContainer", sandbox, container);
  try {
    await launchContainer(operation, container);
  } catch (error) {
    // It has not been begun.
    if (container.state === "stopped") throw error;
    let confirmed = false;
    await undo(operation, async (undoing) => {
      confirmed = await stopContainer(undoing, container, true);
      await undoing.save();
    });
    throw confirmed ? error : unconfirmed(error, sandbox.id, `container ${container.id} is gone`);
  }
}

/** Starts a container; one that was stopped is made anew in the guest first. What fails is left to the caller. */
export async function launchContainer(
  operation: Operation,
  container: StoredContainer,
): Promise<void> {
  const { context, sandbox, signal, deadline } = operation;
  assertAllowed("startContainer", sandbox, container);
  using _share = await watchShare(operation, container);
  const agent = await operation.agent();
  if (container.state === "stopped") await createAnew(operation, container, agent);
  await catchUp(operation, container);
  const console = await HostConsole.open(operation, container.config.cmd);
  deadline.phase("agent.startContainer");
  try {
    await phase("agent.startContainer", { sandboxId: sandbox.id, containerId: container.id }, () =>
      agent.startContainer(container.id, signal),
    );
    container.state = "running";
    container.startTime = new Date().toISOString();
    const told = { sandboxId: sandbox.id, containerId: container.id };
    await context.events.record({ type: "started", ...told });
    await hooksAfterStart(context, sandbox, container, signal);
    await console?.attach(container.id, "", container.config.cmd?.interactive);
  } catch (error) {
    await console?.close();
    throw error;
  }
  container.pid = await pidInGuest(operation, container, agent);
}

/** 0 where the agent can't tell, or the machine has ended with this very container. */
async function pidInGuest(
  { sandbox, signal }: Operation,
  container: StoredContainer,
  agent: Agent,
): Promise<number> {
  if (!sandbox.agentFeatures.includes(extensionFeature)) return 0;
  try {
    const processes = await agent.listProcesses(container.id, signal);
    return processes.find((process) => process.execId === "")?.pid ?? 0;
  } catch (error) {
    if (sandbox.config.exitWith === container.id && isVirtError(error, "SANDBOX_DEAD")) return 0;
    throw error;
  }
}

async function createAnew(
  operation: Operation,
  container: StoredContainer,
  agent: Agent,
): Promise<void> {
  const { context, sandbox, signal } = operation;
  await assertNotOwed(context, sandbox, container.id);
  delete container.exitCode;
  delete container.exitedAt;
  // From now on its limits count.
  container.state = "creating";
  await growToFit(operation);
  // One that ended by itself is still there in the guest.
  await agent.removeContainer(container.id, signal).catch(ignoreGone);
  await hooksAndLinks(operation, container);
  await createContainerInGuest(context, sandbox, container, agent, signal);
}
