// virtcontainers/config: the schemas of what a caller may say, for programs that translate other configuration to it.

import type * as v from "valibot";
import * as container from "../config/container.ts";
import * as seccomp from "../config/oci/seccomp.ts";
import * as sandbox from "../config/sandbox.ts";

export { defaultCapabilities, knownCapabilities } from "../config/capabilities.ts";
export { capabilityName } from "../config/rights.ts";
export { rlimitTypes } from "../config/rlimits.ts";
export { changedCapabilities } from "../container/spec/capability-changes.ts";
export { defaultHypervisor } from "../hypervisor/registry.ts";
export { emptyConfig } from "../image/empty-config.ts";
export { parse } from "../validate.ts";

// As schemas of the interfaces: what they are made of is nobody's to rely on, and costs the compiler much.
export type ContainerConfig = container.ContainerConfig;
export const ContainerConfig: v.GenericSchema<ContainerConfig> = container.ContainerConfigSchema;
export type Seccomp = seccomp.Seccomp;
export const Seccomp: v.GenericSchema<Seccomp> = seccomp.SeccompSchema;
export type SandboxConfig = sandbox.SandboxConfig;
export const SandboxConfig: v.GenericSchema<SandboxConfig> = sandbox.SandboxConfigSchema;
