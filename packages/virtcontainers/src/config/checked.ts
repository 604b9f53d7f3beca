// Each interface that a caller writes says what its schema takes: another field, type or `?` on either side does not
// compile. Fields that are always refused (`later`) are no part of the interfaces.

import type * as v from "valibot";
import type { KataAgentConfig, KataAgentConfigSchema } from "./agent.ts";
import type { Capabilities, CapabilitiesSchema } from "./capabilities.ts";
import type { Cgroups, CgroupsSchema } from "./cgroups.ts";
import type { Cmd, CmdSchema, EnvVar, EnvVarSchema } from "./cmd.ts";
import type {
  CommandConnectOptions,
  CommandConnectOptionsSchema,
  CommandListOptions,
  CommandListOptionsSchema,
  CommandOutputOptions,
  CommandOutputOptionsSchema,
  CommandResultOptions,
  CommandResultOptionsSchema,
  CommandStartOptions,
  CommandStartOptionsSchema,
} from "./commands.ts";
import type { ConsoleOptions, ConsoleOptionsSchema } from "./console.ts";
import type { ContainerConfig, ContainerConfigSchema } from "./container.ts";
import type { EventsOptions, EventsOptionsSchema } from "./events.ts";
import type { ExecOptions, ExecOptionsSchema } from "./exec.ts";
import type {
  FileCallOptions,
  FileCallOptionsSchema,
  FileListOptions,
  FileListOptionsSchema,
  FileMakeOptions,
  FileMakeOptionsSchema,
  FileReadOptions,
  FileReadOptionsSchema,
  FileRemoveOptions,
  FileRemoveOptionsSchema,
  FileStatOptions,
  FileStatOptionsSchema,
  FileWatchOptions,
  FileWatchOptionsSchema,
} from "./files.ts";
import type { HypervisorConfig, HypervisorConfigSchema } from "./hypervisor.ts";
import type { Lifetime, LifetimeSchema } from "./lifetime.ts";
import type { ListOptions, ListOptionsSchema } from "./list.ts";
import type { MonitorOptions, MonitorOptionsSchema } from "./monitor.ts";
import type { Mount, MountSchema } from "./mount.ts";
import type { NetworkOptions, NetworkOptionsSchema } from "./network/definition.ts";
import type { EgressPolicy, EgressPolicySchema } from "./network/egress/policy.ts";
import type { EgressRule, EgressRuleSchema } from "./network/egress/rule.ts";
import type { Interface, InterfaceSchema, Route, RouteSchema } from "./network/interface.ts";
import type { NetworkConfig, NetworkConfigSchema } from "./network/low-level.ts";
import type { NetmonConfig, NetmonConfigSchema } from "./network/netmon.ts";
import type { SandboxNetwork, SandboxNetworkSchema } from "./network/network.ts";
import type { PortMapping, PortMappingSchema } from "./network/port.ts";
import type { Hook, HookSchema, Hooks, HooksSchema } from "./oci/hooks.ts";
import type { OciLinux, OciLinuxSchema } from "./oci/linux.ts";
import type { OciProcess, OciProcessSchema } from "./oci/process.ts";
import type {
  DeviceRule,
  DeviceRuleSchema,
  HugepageLimit,
  HugepageLimitSchema,
  Resources,
  ResourcesSchema,
} from "./oci/resources.ts";
import type { OciMount, OciMountSchema, OciSpec, OciSpecSchema } from "./oci/schema.ts";
import type { Seccomp, SeccompSchema } from "./oci/seccomp.ts";
import type { ProcessListOptions, ProcessListOptionsSchema } from "./process-list.ts";
import type { Resize, ResizeSchema } from "./resize.ts";
import type { LinuxResources, LinuxResourcesSchema } from "./resources.ts";
import type { CapabilityChanges, CapabilityChangesSchema } from "./rights.ts";
import type { Rlimit, RlimitSchema } from "./rlimits.ts";
import type { RootFs, RootFsSchema } from "./rootfs.ts";
import type { SandboxConfig, SandboxConfigSchema, Volume, VolumeSchema } from "./sandbox.ts";
import type { SandboxOptions, SandboxOptionsSchema } from "./sandbox-options.ts";
import type { TerminalSize, TerminalSizeSchema } from "./terminal-size.ts";
import type { VolumeOptions, VolumeOptionsSchema } from "./volume.ts";

/** What is compared as it is. */
type Leaf = Date | AbortSignal | ((...args: never[]) => unknown);

/** A type in one form, without fields that can only be left out; whether a list is read only does not count. */
type Plain<T> = T extends Leaf
  ? T
  : T extends readonly (infer Element)[]
    ? Plain<Element>[]
    : T extends object
      ? {
          -readonly [Name in keyof T as [T[Name]] extends [undefined] ? never : Name]: Plain<
            T[Name]
          >;
        }
      : T;

type Same<A, B> =
  (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;

/** Is true if the interface and what the schema takes are the same. */
type Says<Interface, Schema extends v.GenericSchema> = Same<
  Plain<Interface>,
  Plain<v.InferInput<Schema>>
>;

type AllTrue<Checks extends readonly true[]> = Checks;

/** An element that is false names the interface that differs from its schema. */
export type CheckedTypes = AllTrue<
  [
    Says<Capabilities, typeof CapabilitiesSchema>,
    Says<CapabilityChanges, typeof CapabilityChangesSchema>,
    Says<Cgroups, typeof CgroupsSchema>,
    Says<Cmd, typeof CmdSchema>,
    Says<CommandConnectOptions, typeof CommandConnectOptionsSchema>,
    Says<CommandListOptions, typeof CommandListOptionsSchema>,
    Says<CommandOutputOptions, typeof CommandOutputOptionsSchema>,
    Says<CommandResultOptions, typeof CommandResultOptionsSchema>,
    Says<CommandStartOptions, typeof CommandStartOptionsSchema>,
    Says<ConsoleOptions, typeof ConsoleOptionsSchema>,
    Says<ContainerConfig, typeof ContainerConfigSchema>,
    Says<DeviceRule, typeof DeviceRuleSchema>,
    Says<EgressPolicy, typeof EgressPolicySchema>,
    Says<EgressRule, typeof EgressRuleSchema>,
    Says<EnvVar, typeof EnvVarSchema>,
    Says<EventsOptions, typeof EventsOptionsSchema>,
    Says<FileCallOptions, typeof FileCallOptionsSchema>,
    Says<FileListOptions, typeof FileListOptionsSchema>,
    Says<FileMakeOptions, typeof FileMakeOptionsSchema>,
    Says<FileReadOptions, typeof FileReadOptionsSchema>,
    Says<FileRemoveOptions, typeof FileRemoveOptionsSchema>,
    Says<FileStatOptions, typeof FileStatOptionsSchema>,
    Says<FileWatchOptions, typeof FileWatchOptionsSchema>,
    Says<Hook, typeof HookSchema>,
    Says<Hooks, typeof HooksSchema>,
    Says<HugepageLimit, typeof HugepageLimitSchema>,
    Says<HypervisorConfig, typeof HypervisorConfigSchema>,
    Says<Interface, typeof InterfaceSchema>,
    Says<KataAgentConfig, typeof KataAgentConfigSchema>,
    Says<Lifetime, typeof LifetimeSchema>,
    Says<LinuxResources, typeof LinuxResourcesSchema>,
    Says<ListOptions, typeof ListOptionsSchema>,
    Says<MonitorOptions, typeof MonitorOptionsSchema>,
    Says<Mount, typeof MountSchema>,
    Says<NetworkConfig, typeof NetworkConfigSchema>,
    Says<NetmonConfig, typeof NetmonConfigSchema>,
    Says<NetworkOptions, typeof NetworkOptionsSchema>,
    Says<OciLinux, typeof OciLinuxSchema>,
    Says<OciMount, typeof OciMountSchema>,
    Says<OciProcess, typeof OciProcessSchema>,
    Says<OciSpec, typeof OciSpecSchema>,
    Says<PortMapping, typeof PortMappingSchema>,
    Says<ProcessListOptions, typeof ProcessListOptionsSchema>,
    Says<Resize, typeof ResizeSchema>,
    Says<Resources, typeof ResourcesSchema>,
    Says<Rlimit, typeof RlimitSchema>,
    Says<Route, typeof RouteSchema>,
    Says<RootFs, typeof RootFsSchema>,
    Says<SandboxConfig, typeof SandboxConfigSchema>,
    Says<SandboxNetwork, typeof SandboxNetworkSchema>,
    Says<SandboxOptions, typeof SandboxOptionsSchema>,
    Says<Seccomp, typeof SeccompSchema>,
    Says<TerminalSize, typeof TerminalSizeSchema>,
    Says<Volume, typeof VolumeSchema>,
    Says<VolumeOptions, typeof VolumeOptionsSchema>,
    // What a command reads is checked where it is read.
    Same<
      Plain<Omit<ExecOptions, "stdin">>,
      Plain<Omit<v.InferInput<typeof ExecOptionsSchema>, "stdin">>
    >,
  ]
>;
