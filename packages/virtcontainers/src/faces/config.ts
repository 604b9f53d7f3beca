// virtcontainers/config: the schemas of what a caller may say, for programs that translate other configuration to it.

import type * as v from "valibot";
import * as commands from "../config/commands.ts";
import * as container from "../config/container.ts";
import * as exec from "../config/exec.ts";
import * as files from "../config/files.ts";
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
export type ExecOptions = exec.ExecOptions;
/** What a command reads is checked where it is read. */
export const ExecOptions: v.GenericSchema<Omit<ExecOptions, "stdin"> & { stdin?: unknown }> =
  exec.ExecOptionsSchema;
export type CommandStartOptions = commands.CommandStartOptions;
export const CommandStartOptions: v.GenericSchema<CommandStartOptions> =
  commands.CommandStartOptionsSchema;
export type CommandListOptions = commands.CommandListOptions;
export const CommandListOptions: v.GenericSchema<CommandListOptions> =
  commands.CommandListOptionsSchema;
export type CommandConnectOptions = commands.CommandConnectOptions;
export const CommandConnectOptions: v.GenericSchema<CommandConnectOptions> =
  commands.CommandConnectOptionsSchema;
export type CommandOutputOptions = commands.CommandOutputOptions;
export const CommandOutputOptions: v.GenericSchema<CommandOutputOptions> =
  commands.CommandOutputOptionsSchema;
export type CommandResultOptions = commands.CommandResultOptions;
export const CommandResultOptions: v.GenericSchema<CommandResultOptions> =
  commands.CommandResultOptionsSchema;
export type FileCallOptions = files.FileCallOptions;
export const FileCallOptions: v.GenericSchema<FileCallOptions> = files.FileCallOptionsSchema;
export type FileListOptions = files.FileListOptions;
export const FileListOptions: v.GenericSchema<FileListOptions> = files.FileListOptionsSchema;
export type FileMakeOptions = files.FileMakeOptions;
export const FileMakeOptions: v.GenericSchema<FileMakeOptions> = files.FileMakeOptionsSchema;
export type FileReadOptions = files.FileReadOptions;
export const FileReadOptions: v.GenericSchema<FileReadOptions> = files.FileReadOptionsSchema;
export type FileRemoveOptions = files.FileRemoveOptions;
export const FileRemoveOptions: v.GenericSchema<FileRemoveOptions> = files.FileRemoveOptionsSchema;
export type FileStatOptions = files.FileStatOptions;
export const FileStatOptions: v.GenericSchema<FileStatOptions> = files.FileStatOptionsSchema;
export type FileWatchOptions = files.FileWatchOptions;
export const FileWatchOptions: v.GenericSchema<FileWatchOptions> = files.FileWatchOptionsSchema;
export type Seccomp = seccomp.Seccomp;
export const Seccomp: v.GenericSchema<Seccomp> = seccomp.SeccompSchema;
export type SandboxConfig = sandbox.SandboxConfig;
export const SandboxConfig: v.GenericSchema<SandboxConfig> = sandbox.SandboxConfigSchema;
