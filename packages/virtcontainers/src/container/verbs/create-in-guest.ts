import type { Agent } from "../../agent/agent.ts";
import { healthFeature, isForeign, portsFor } from "../../agent/features.ts";
import { VirtError } from "../../errors.ts";
import { phase } from "../../events.ts";
import type { Context } from "../../operation/context.ts";
import { Filling } from "../../storage/fill.ts";
import { containerStorages } from "../../storage/guest/storages.ts";
import type { StoredContainer, StoredSandbox } from "../../store/schema.ts";
import { foreignSpec } from "../spec/foreign.ts";
import { specMessage } from "../spec/oci/message.ts";
import { userSpec } from "../spec/process-spec.ts";
import { containerSpec } from "../spec/spec.ts";
import { userInNumbers } from "../user/numbers.ts";

/** Makes the guest create a container whose disks and mounts it can see already. */
export async function createContainerInGuest(
  context: Context,
  sandbox: StoredSandbox,
  container: StoredContainer,
  agent: Agent,
  signal: AbortSignal,
): Promise<void> {
  const check = knownHealthCheck(sandbox, container);
  const cmd = container.config.cmd ?? { args: [] };
  const foreign = isForeign(sandbox);
  const { storages, rootPath } = containerStorages(container, sandbox.vm?.devices ?? {}, foreign);
  using filling = await Filling.begin(context, sandbox, container, signal);
  const stringUser = userSpec(cmd, container);
  const ports = portsFor(cmd, sandbox);
  const spec = containerSpec(container, sandbox, rootPath, filling.names);
  const told = foreign
    ? foreignSpec(spec, await userInNumbers(stringUser, container, sandbox.id))
    : spec;
  await phase("agent.createContainer", { sandboxId: sandbox.id, containerId: container.id }, () =>
    agent.createContainer(
      {
        containerId: container.id,
        stringUser,
        storages,
        sandboxPidns: sandbox.config.sharePidNs ?? false,
        OCI: specMessage(told),
        ...ports,
      },
      signal,
    ),
  );
  await filling.end(agent, container, signal);
  if (check !== undefined) await agent.setHealthCheck(container.id, check, signal);
  delete container.health;
  container.state = "ready";
}

/** An image's is left out where the agent runs none; one that was asked for is not. */
function knownHealthCheck(
  sandbox: StoredSandbox,
  { id, config, healthCheck }: StoredContainer,
): StoredContainer["healthCheck"] {
  if (healthCheck === undefined || sandbox.agentFeatures.includes(healthFeature))
    return healthCheck;
  if (config.healthCheck === undefined) return undefined;
  throw new VirtError("NOT_SUPPORTED", "the agent of this guest runs no health checks", {
    sandboxId: sandbox.id,
    containerId: id,
    field: "healthCheck",
    hint: "Leave it out, or use this project's guest.",
  });
}
