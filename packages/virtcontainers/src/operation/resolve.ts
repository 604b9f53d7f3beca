import * as v from "valibot";
import type { SandboxConfig } from "../config/sandbox.ts";
import { isVirtError, VirtError } from "../errors.ts";
import type { GuestAssets } from "../guest/assets.ts";
import {
  type ResolvedHypervisorConfig,
  ResolvedHypervisorConfigSchema,
} from "../hypervisor/config.ts";
import { defaults } from "../hypervisor/defaults.ts";
import type { Hypervisor } from "../hypervisor/hypervisor.ts";
import type { StoredSandbox } from "../store/schema.ts";
import type { Context } from "./context.ts";
import { resolveHypervisorConfig } from "./hypervisor-config.ts";

/** The full hypervisor configuration of a sandbox. HOST_REQUIREMENT if guest files are needed and missing. */
export async function resolveConfig(
  context: Context,
  hypervisor: Hypervisor,
  config: SandboxConfig,
  shared: boolean,
): Promise<ResolvedHypervisorConfig> {
  const { guestFiles: boots, agentClients } = hypervisor.capabilities;
  const most = Math.min(defaults.agentPorts, agentClients);
  const { agentPorts = most, ...others } = config.hypervisorConfig ?? {};
  const hypervisorConfig = { ...others, agentPorts };
  const assets = boots ? await guestFiles(context, hypervisorConfig) : undefined;
  const common = resolveHypervisorConfig(hypervisorConfig, assets, {
    agentConfig: config.agentConfig ?? {},
    shared,
    logLimitMiB: config.logLimitMiB,
  });
  return hypervisor.ownConfig?.resolve(hypervisorConfig, common) ?? common;
}

/** The resolved configuration of a sandbox that is there: what its VM was started with, whatever has changed on the host since. */
export async function resolveStored(
  context: Context,
  hypervisor: Hypervisor,
  sandbox: StoredSandbox,
): Promise<ResolvedHypervisorConfig> {
  if (sandbox.vm === undefined || sandbox.resolved === undefined)
    return await resolveConfig(context, hypervisor, sandbox.config, sandbox.shared);
  try {
    const { ownConfig } = hypervisor;
    if (ownConfig !== undefined) return ownConfig.read(sandbox.resolved);
    return v.parse(ResolvedHypervisorConfigSchema, sandbox.resolved);
  } catch (error) {
    throw new VirtError("STATE_INVALID", `the configuration of sandbox ${sandbox.id} is damaged`, {
      cause: error,
      sandboxId: sandbox.id,
      hint: "Delete the sandbox by force.",
    });
  }
}

/** What the guest's files have to add. With a kernel and an initrd of the caller's it can do without any. */
async function guestFiles(
  context: Context,
  { kernelPath, imagePath, initrdPath }: NonNullable<SandboxConfig["hypervisorConfig"]>,
): Promise<GuestAssets | undefined> {
  if (kernelPath !== undefined && imagePath !== undefined) return undefined;
  return await context.guestAssets().catch((error: unknown) => {
    const complete = kernelPath !== undefined && initrdPath !== undefined;
    if (complete && isVirtError(error, "HOST_REQUIREMENT")) return undefined;
    throw error;
  });
}
