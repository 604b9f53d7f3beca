export type { OutputTarget } from "./agent/agent.ts";
export {
  kataAgentKernelParams,
  kataAgentSetDefaultTraceConfigOptions,
} from "./agent/kernel-params.ts";
export type {
  BlkioStatEntry,
  BlkioStats,
  CgroupStats,
  ContainerStats,
  CPUStats,
  CPUUsage,
  HugetlbStats,
  MemoryData,
  MemoryStats,
  NetworkStats,
  PidsStats,
  ThrottlingData,
} from "./agent/stats.ts";
export type { VolumeStats, VolumeUsage } from "./agent/volume-stats.ts";
export type { VirtContainersOptions } from "./api/create-context.ts";
export type { PodConfig, PodStatus } from "./api/pod.ts";
export { Sandbox } from "./api/sandbox.ts";
export { VirtContainers } from "./api/virtcontainers.ts";
export type { KataAgentConfig } from "./config/agent.ts";
export type { Cgroups } from "./config/cgroups.ts";
export type { Cmd, EnvVar } from "./config/cmd.ts";
export type {
  CommandConnectOptions,
  CommandListOptions,
  CommandOutputOptions,
  CommandResultOptions,
  CommandStartOptions,
} from "./config/commands.ts";
export type { ConsoleOptions } from "./config/console.ts";
export type { ContainerConfig } from "./config/container.ts";
export {
  type ContainerType,
  isSandboxType,
  podContainer,
  podSandbox,
  unknownContainerType,
} from "./config/container-type.ts";
export type { CopyCallOptions, CopyOptions } from "./config/copy.ts";
export type { EventsOptions, EventType } from "./config/events.ts";
export type { ExecInput, ExecOptions, OutputListener } from "./config/exec.ts";
export type {
  FileCallOptions,
  FileContent,
  FileListOptions,
  FileMakeOptions,
  FileReadOptions,
  FileRemoveOptions,
  FileStatOptions,
  FileWatchOptions,
} from "./config/files.ts";
export type { HealthCheck } from "./config/health-check.ts";
export type { HypervisorConfig, Param } from "./config/hypervisor.ts";
export type { Lifetime } from "./config/lifetime.ts";
export type { ListOptions } from "./config/list.ts";
export type { MonitorOptions } from "./config/monitor.ts";
export type { Mount } from "./config/mount.ts";
export type { NetworkDriver, NetworkOptions, Subnet } from "./config/network/definition.ts";
export type { EgressPolicy } from "./config/network/egress/policy.ts";
export type { EgressProtocol } from "./config/network/egress/ports.ts";
export type { EgressRule } from "./config/network/egress/rule.ts";
export type { Interface, IPAddress, Route } from "./config/network/interface.ts";
export type { NetworkConfig } from "./config/network/low-level.ts";
export type { NetmonConfig } from "./config/network/netmon.ts";
export type {
  DnsConfig,
  ExtraHost,
  NetworkAttachment,
  SandboxNetwork,
} from "./config/network/network.ts";
export type { PortMapping } from "./config/network/port.ts";
export type { OciSpec } from "./config/oci/schema.ts";
export type { Seccomp } from "./config/oci/seccomp.ts";
export type { ProcessListOptions } from "./config/process-list.ts";
export type { Resize } from "./config/resize.ts";
export type { LinuxResources } from "./config/resources.ts";
export type { CapabilityChanges } from "./config/rights.ts";
export type { RootFs } from "./config/rootfs.ts";
export type { SandboxConfig } from "./config/sandbox.ts";
export type { SandboxOptions } from "./config/sandbox-options.ts";
export type { State } from "./config/state.ts";
export type { VolumeDriver, VolumeOptions } from "./config/volume.ts";
export type { Command } from "./container/commands/command.ts";
export type { Commands } from "./container/commands/commands.ts";
export type { CommandChunk } from "./container/commands/output.ts";
export type { Container } from "./container/container.ts";
export type { ExecHandle } from "./container/exec/handle.ts";
export type { ExecChunk } from "./container/exec/output.ts";
export type { ExecResult } from "./container/exec/result.ts";
export type { FileChange } from "./container/files/change-queue.ts";
export type { FileInfo } from "./container/files/file-info.ts";
export type { Files } from "./container/files/files.ts";
export type { FileWatch } from "./container/files/watch.ts";
export type { MountStatus } from "./container/mount-status.ts";
export type { CommandInfo } from "./container/process/command-info.ts";
export type { IOOffsets, IOStream } from "./container/process/io.ts";
export { quote as quoteForShell } from "./container/shell/quote.ts";
export type { ShellValue, ShellWords } from "./container/shell/script.ts";
export type { Shell, ShellTag } from "./container/shell/sh.ts";
export type { Process } from "./container/verbs/enter.ts";
export type { ContainerStatus } from "./container/verbs/status.ts";
export type { CallOptions } from "./deadline.ts";
export { type ErrorCode, type ErrorDetails, isVirtError, VirtError } from "./errors.ts";
export { type PhaseEvent, phaseChannelName } from "./events.ts";
export type { KernelFlavour } from "./guest/assets.ts";
export { runningOnVMM } from "./host/vmm.ts";
export { deserializeParams, serializeParams } from "./hypervisor/params.ts";
export { maxQemuVCPUs } from "./hypervisor/qemu/machine/max-vcpus.ts";
export type {
  CredentialStore,
  Image,
  ImageConfig,
  ImageHealthcheck,
  ImageHistory,
  ImageProgress,
  Images,
  ImportOptions,
  LoadOptions,
  LoginOptions,
  PullOptions,
  Pushed,
  PushOptions,
  SaveOptions,
} from "./image/image.ts";
export type { RegistriesConfig } from "./image/registry/config.ts";
export type { VirtEvent } from "./journal/event.ts";
export { eventChannelName } from "./journal/recorder.ts";
export type { Logger } from "./log.ts";
export type { LogEntry } from "./logs/follow.ts";
export { defaultMonitorIntervalMs } from "./monitor/monitor.ts";
export type { Trace, TracePhase } from "./monitor/trace.ts";
export type { EgressDecision } from "./network/egress/audit.ts";
export type { EgressCounts } from "./network/egress/control.ts";
export type { EgressStatus } from "./network/egress/verbs.ts";
export type { Network, NetworkMember, Networks } from "./network/networks.ts";
export type { SandboxNetworkStatus } from "./network/status.ts";
export type { NetworkChange } from "./network/verbs/rescan.ts";
export type { GuestConsole } from "./sandbox/console.ts";
export type { Garbage, GarbageOptions } from "./sandbox/garbage.ts";
export type { SandboxStats } from "./sandbox/stats.ts";
export type { SandboxStatus } from "./sandbox/status.ts";
export type { Signal } from "./signals.ts";
export {
  defaultShmSize,
  isDockerVolume,
  isEphemeralStorage,
  isk8sHostEmptyDir,
  k8sEmptyDir,
} from "./storage/well-known.ts";
export type { ContainerHealth, HealthResult, HealthStatus } from "./store/health.ts";
export type { VmSize } from "./store/vm-size.ts";
export type { CopyResult, SkippedEntry } from "./transfer/entry.ts";
export type { Volume, Volumes } from "./volume/volume.ts";
