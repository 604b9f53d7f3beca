import type { Context } from "../context.ts";
import type { GuestAssets } from "../guest/assets.ts";
import type { ResolvedHypervisorConfig } from "../hypervisor/config.ts";
import type { StoredSandbox } from "../store/schema.ts";
import type { SandboxConfig } from "./config.ts";
import { resolveHypervisorConfig } from "./hypervisor-config.ts";

/** The full hypervisor configuration of a sandbox. HOST_REQUIREMENT if guest files are needed and missing. */
export async function resolveConfig(
  context: Context,
  config: SandboxConfig,
): Promise<ResolvedHypervisorConfig> {
  const hypervisorConfig = config.hypervisorConfig ?? {};
  const needsAssets = config.hypervisorType !== "mock" && !isComplete(hypervisorConfig);
  const assets: GuestAssets | undefined = needsAssets ? await context.guestAssets() : undefined;
  return resolveHypervisorConfig(hypervisorConfig, assets, {
    agentConfig: config.agentConfig ?? {},
    exitWith: config.exitWith,
    shared: needsShare(config),
    logLimitMiB: config.logLimitMiB,
  });
}

export async function resolveStored(
  context: Context,
  sandbox: StoredSandbox,
): Promise<ResolvedHypervisorConfig> {
  return await resolveConfig(context, sandbox.config);
}

/** True if the sandbox needs a file system shared with the host. */
export function needsShare(config: SandboxConfig): boolean {
  if (config.hypervisorConfig?.sharedFS !== undefined)
    return config.hypervisorConfig.sharedFS === "virtio-fs";
  return (config.containers ?? []).some((container) => container.rootFs !== undefined);
}

function isComplete(config: NonNullable<SandboxConfig["hypervisorConfig"]>): boolean {
  const root = config.imagePath ?? config.initrdPath;
  return config.kernelPath !== undefined && root !== undefined;
}
