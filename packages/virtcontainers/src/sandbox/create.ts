import { randomBytes } from "node:crypto";
import type { ContainerConfig } from "../config/container.ts";
import {
  type RunSandboxConfigSchema,
  type SandboxConfig,
  SandboxConfigSchema,
} from "../config/sandbox.ts";
import { applyCustomSpec } from "../container/spec/oci/custom-spec.ts";
import { prepareContainer } from "../container/verbs/prepare.ts";
import { type CallOptions, Deadline } from "../deadline.ts";
import { phase } from "../events.ts";
import { Tracer } from "../monitor/trace.ts";
import { assertAttachable } from "../network/attachable.ts";
import { tellConnected } from "../network/tell-members.ts";
import { assertConnectable, wantsNamedNetworks } from "../network/wanted.ts";
import { Connection } from "../operation/connection.ts";
import type { Context } from "../operation/context.ts";
import { resolveConfig } from "../operation/resolve.ts";
import { type Operation, operation } from "../operation/run-verb.ts";
import { whileHeld } from "../operation/while-held.ts";
import { checkHostCgroup } from "../resources/host-cgroup.ts";
import { assertShareable } from "../storage/check.ts";
import { needsShare } from "../storage/needs-share.ts";
import { type StoredContainer, type StoredSandbox, stateVersion } from "../store/schema.ts";
import { chooseVmUid } from "../store/vm-uid.ts";
import { parse } from "../validate.ts";
import { applyAnnotations } from "./annotations/apply.ts";
import { boot } from "./boot.ts";
import { wipe } from "./delete.ts";
import { assertGuestCan } from "./guest-kernel.ts";

/** Default deadline of createSandbox, which may have to pull images. */
export const createTimeoutMs = 300_000;

/** A sandbox that was just made, and this process's connection to it. */
export type Created = Pick<Operation, "sandbox" | "connection">;

interface CreateSteps {
  schema?: typeof SandboxConfigSchema | typeof RunSandboxConfigSchema;
  afterwards?: (operation: Operation) => Promise<void>;
}

/**
 * Creates a sandbox: checks everything, then takes the id, boots the VM and creates the containers. If any
 * of it fails, what was taken is given back. `afterwards` runs while the sandbox is still held; `schema` may ask for more.
 */
export async function createSandbox(
  context: Context,
  input: SandboxConfig,
  options: CallOptions,
  { schema = SandboxConfigSchema, afterwards }: CreateSteps = {},
): Promise<Created> {
  const config = applyAnnotations(parse(schema, input));
  using deadline = new Deadline(options, createTimeoutMs, "create");
  const id = config.id ?? randomBytes(6).toString("hex");
  using tracer = new Tracer(id);
  const connection = new Connection(context, id);
  const sandbox = await phase("validate", { sandboxId: id }, () =>
    plan(context, connection, id, config, input, deadline.signal),
  );
  deadline.check();
  const hold = await context.store.create(sandbox.id, deadline.signal);
  return await whileHeld(context, hold, deadline, async (held) => {
    const created = operation(held, connection, sandbox, deadline, hold);
    try {
      await created.save();
      await boot(created, created.ledger());
      await tellCreated(held, sandbox);
      await afterwards?.(created);
      await tracer.save(held);
      return created;
    } catch (error) {
      await undo(created, tracer).catch((failure: unknown) =>
        context.logger.error(
          { err: failure, sandboxId: sandbox.id },
          "a failed create left something behind",
        ),
      );
      throw error;
    }
  });
}

/** Looks everything up that the sandbox needs; takes nothing. */
async function plan(
  context: Context,
  connection: Connection,
  id: string,
  checked: SandboxConfig,
  input: SandboxConfig,
  signal: AbortSignal,
): Promise<StoredSandbox> {
  const config = await applyCustomSpecs(context, checked, input);
  const hypervisor = connection.hypervisor({ config });
  const shared = await needsShare(context, config);
  const resolved = await resolveConfig(context, hypervisor, config, shared);
  await assertShareable(context, hypervisor, config, resolved.sharedFS);
  await hypervisor.validate(resolved, signal);
  await assertGuestCan(context, hypervisor, config, resolved);
  const hostname = (config.hostname ?? id).slice(0, 64);
  await assertConnectable(context, hypervisor, config);
  if (wantsNamedNetworks(config)) await assertAttachable(context, { id, hostname, config });
  const containers: StoredContainer[] = [];
  for (const [index, container] of (config.containers ?? []).entries()) {
    const field = `containers.${index}`;
    containers.push(await prepareContainer(context, container, { config, shared, field }, signal));
  }
  await checkHostCgroup(context, id, config);
  // Over 9p the VMM itself opens the files, with the owners that they have.
  const own = context.host.uid === 0 && resolved.sharedFS !== "virtio-9p";
  const uid = own ? chooseVmUid() : undefined;
  const sandbox: StoredSandbox = {
    version: stateVersion,
    id,
    generation: 0,
    hostname,
    state: "creating",
    bootId: await context.host.bootId(),
    createdAt: new Date().toISOString(),
    config,
    token: randomBytes(16).toString("hex"),
    ...(uid !== undefined && { user: { uid, gid: uid } }),
    shared,
    ports: resolved.agentPorts,
    nextDrive: 0,
    agentFeatures: [],
    containers,
  };
  return sandbox;
}

async function applyCustomSpecs(
  context: Context,
  config: SandboxConfig,
  input: SandboxConfig,
): Promise<SandboxConfig> {
  const withCustomSpec = (container: ContainerConfig, index: number): Promise<ContainerConfig> =>
    applyCustomSpec(context, container, input.containers?.[index], `containers.${index}`);
  const containers = await Promise.all((config.containers ?? []).map(withCustomSpec));
  return config.containers === undefined ? config : { ...config, containers };
}

async function tellCreated(context: Context, sandbox: StoredSandbox) {
  const { id: sandboxId, containers } = sandbox;
  await context.events.record({ type: "created", sandboxId });
  for (const { id: containerId } of containers)
    await context.events.record({ type: "created", sandboxId, containerId });
  await tellConnected(context, sandbox);
}

async function undo({ context, sandbox, connection }: Operation, tracer: Tracer): Promise<void> {
  await tracer.save(context);
  await wipe(context, connection, sandbox.id, { sandbox, reason: "its start has failed" });
}
