export type { OutputTarget } from "./agent/agent.ts";
export {
  type KataAgentConfig,
  kataAgentKernelParams,
  kataAgentSetDefaultTraceConfigOptions,
} from "./agent/config.ts";
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
export type { Cmd, ContainerConfig, EnvVar, LinuxResources } from "./container/config.ts";
export type { Container } from "./container/container.ts";
export type { Process } from "./container/enter.ts";
export type { ExecHandle, ExecResult } from "./container/exec.ts";
export type { ExecInput, ExecOptions } from "./container/exec-options.ts";
export type { ExecChunk } from "./container/exec-output.ts";
export type { IOOffsets, IOStream } from "./container/io.ts";
export type { Mount } from "./container/mount.ts";
export type { MountStatus } from "./container/mount-status.ts";
export type { OciSpec } from "./container/oci/schema.ts";
export type { Seccomp } from "./container/oci/seccomp.ts";
export type { ProcessListOptions } from "./container/process-list.ts";
export type { RootFs } from "./container/rootfs.ts";
export {
  type ContainerType,
  isSandboxType,
  podContainer,
  podSandbox,
  unknownContainerType,
} from "./container/type.ts";
export type { CopyResult, SkippedEntry } from "./copy/entry.ts";
export type { CopyCallOptions, CopyOptions } from "./copy/options.ts";
export type { VirtContainersOptions } from "./create-context.ts";
export type { CallOptions } from "./deadline.ts";
export { type ErrorCode, type ErrorDetails, isVirtError, VirtError } from "./errors.ts";
export { type PhaseEvent, phaseChannelName } from "./events.ts";
export type { KernelFlavour } from "./guest/assets.ts";
export { runningOnVMM } from "./host/vmm.ts";
export type { Param } from "./hypervisor/config.ts";
export { deserializeParams, serializeParams } from "./hypervisor/params.ts";
export { maxQemuVCPUs } from "./hypervisor/qemu/machine/max-vcpus.ts";
export type { HypervisorConfig } from "./hypervisor/schema.ts";
export type {
  Image,
  ImageConfig,
  ImageProgress,
  Images,
  ImportOptions,
  PullOptions,
} from "./image/image.ts";
export type { RegistriesConfig } from "./image/registry/config.ts";
export type { Logger } from "./log.ts";
export type { LogEntry } from "./logs/follow.ts";
export type { EventType, VirtEvent } from "./monitor/event.ts";
export type { EventsOptions } from "./monitor/events.ts";
export { defaultMonitorIntervalMs, type MonitorOptions } from "./monitor/monitor.ts";
export { eventChannelName } from "./monitor/recorder.ts";
export type { Trace, TracePhase } from "./monitor/trace.ts";
export type { PodConfig, PodStatus } from "./pod.ts";
export type { Cgroups } from "./resources/config.ts";
export type { Resize } from "./resources/resize-sandbox.ts";
export type { VmSize } from "./resources/sums.ts";
export type { SandboxConfig } from "./sandbox/config.ts";
export type { ConsoleOptions, GuestConsole } from "./sandbox/console.ts";
export type { Garbage, GarbageOptions } from "./sandbox/garbage.ts";
export { Sandbox } from "./sandbox/sandbox.ts";
export type { SandboxOptions } from "./sandbox/short-form.ts";
export type { State } from "./sandbox/state.ts";
export type { SandboxStats } from "./sandbox/stats.ts";
export type { ContainerStatus, SandboxStatus } from "./sandbox/status.ts";
export {
  defaultShmSize,
  isDockerVolume,
  isEphemeralStorage,
  isk8sHostEmptyDir,
  k8sEmptyDir,
} from "./share/well-known.ts";
export type { Signal } from "./signals.ts";
export { VirtContainers } from "./virtcontainers.ts";
export type { Volume, VolumeDriver, VolumeOptions, Volumes } from "./volume/volume.ts";
