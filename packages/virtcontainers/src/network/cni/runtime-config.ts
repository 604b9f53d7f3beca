import type { PluginConfig } from "./config-list.ts";

/** What a sandbox asks of a network. A plugin is told only what it declares to be able to. */
export interface CapabilityArgs {
  portMappings?: { hostPort: number; containerPort: number; protocol: string; hostIP?: string }[];
  /** Bits per second, and bits at once. */
  bandwidth?: {
    ingressRate?: number;
    ingressBurst?: number;
    egressRate?: number;
    egressBurst?: number;
  };
  /** With or without prefixes. */
  ips?: string[];
  mac?: string;
  dns?: { servers?: string[]; searches?: string[]; options?: string[] };
  /** By the name of the network in CNI. */
  aliases?: Record<string, string[]>;
}

export type Capability = keyof CapabilityArgs;

/** Whether a plugin of the network takes it. */
export function takes(plugins: readonly PluginConfig[], capability: Capability): boolean {
  return plugins.some(({ capabilities }) => capabilities?.[capability] === true);
}

/** A plugin as it is given to its executable: what it declares to be able to becomes `runtimeConfig`. */
export function withRuntimeConfig(plugin: PluginConfig, args: CapabilityArgs): PluginConfig {
  const { capabilities = {}, ...rest } = plugin;
  const given = Object.entries(args).filter(([name]) => capabilities[name] === true);
  if (given.length === 0) return rest;
  return { ...rest, runtimeConfig: Object.fromEntries(given) };
}
