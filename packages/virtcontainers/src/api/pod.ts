import type { SandboxConfig } from "../config/sandbox.ts";
import type { SandboxStatus } from "../sandbox/status.ts";

/** The names of 2018, when a sandbox was called a pod. */
export type PodConfig = SandboxConfig;
export type PodStatus = SandboxStatus;
