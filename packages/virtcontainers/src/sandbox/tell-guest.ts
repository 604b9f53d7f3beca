import type { Agent, GuestDetails, GuestLifetime } from "../agent/agent.ts";
import type { SandboxFile } from "../agent/files.ts";
import { kernelModules } from "../agent/kernel-params.ts";
import type { Lifetime } from "../config/lifetime.ts";
import { isVirtError, VirtError } from "../errors.ts";
import { logLimitBytes } from "../logs/limit.ts";
import { sandboxFiles } from "../network/files.ts";
import { tellNetwork } from "../network/tell.ts";
import { networkView } from "../network/view.ts";
import { sandboxStorages } from "../storage/guest/storages.ts";
import type { StoredSandbox } from "../store/schema.ts";

/**
 * Tells a guest whose it is, in one flight; all that belongs to one sandbox comes to it by these calls, and
 * by the token of the connection. Gives what the guest tells of itself.
 */
export async function tellGuest(
  agent: Agent,
  sandbox: StoredSandbox,
  signal: AbortSignal,
): Promise<GuestDetails> {
  const files = sandboxFiles(sandbox, await networkView(sandbox));
  const details = agent.details(signal);
  await Promise.all([
    details,
    agent.setTime(new Date(), signal),
    // Before the sandbox is there; the agent takes calls in their order.
    configure(agent, sandbox, files, signal),
    agent.createSandbox(
      {
        sandboxId: sandbox.id,
        hostname: sandbox.hostname,
        sandboxPidns: sandbox.config.sharePidNs ?? false,
        kernelModules: kernelModules(sandbox.config.agentConfig ?? {}),
        storages: sandboxStorages(sandbox),
        guestHookPath: sandbox.config.hypervisorConfig?.guestHookPath ?? "",
      },
      signal,
    ),
    tellNetwork(agent, sandbox, details, signal),
  ]);
  return await details;
}

function guestLifetime(lifetime: Lifetime | undefined): GuestLifetime | undefined {
  return lifetime && { timeoutMs: lifetime.timeoutMs, idleTimeoutMs: lifetime.idleTimeoutMs };
}

/** An agent that can't be told is none that keeps a log, and the host bounds what it is sent all the same. */
async function configure(
  agent: Agent,
  sandbox: StoredSandbox,
  files: readonly SandboxFile[],
  signal: AbortSignal,
): Promise<void> {
  const { exitWith, lifetime, logLimitMiB } = sandbox.config;
  const settings = {
    exitWith,
    lifetime: guestLifetime(lifetime),
    logLimitBytes: BigInt(logLimitBytes(logLimitMiB)),
    files,
  };
  try {
    await agent.configureSandbox(settings, signal);
  } catch (error) {
    // A service that a foreign agent lacks is an invalid argument to it.
    if (!isVirtError(error, "NOT_SUPPORTED", "INVALID_ARGUMENT")) throw error;
    if (exitWith === undefined) return;
    throw new VirtError(
      "NOT_SUPPORTED",
      `exitWith: ${exitWith}: the agent of this guest can't end the machine with a container`,
      { cause: error, sandboxId: sandbox.id, hint: "Leave it out, or use this project's guest." },
    );
  }
}
