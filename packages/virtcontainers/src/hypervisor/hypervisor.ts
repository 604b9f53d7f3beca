import type { Duplex } from "node:stream";
import type { HypervisorConfig } from "../config/hypervisor.ts";
import type { UserIds } from "../host/user-ids.ts";
import type { GuestAddress } from "../store/guest-address.ts";
import type { Ledger } from "../store/ledger.ts";
import type { LogCarrier } from "../store/log-carrier.ts";
import type { VmState } from "../store/vm-state.ts";
import type { AgentTransport } from "./agent-transport.ts";
import type { DriverConfig, ResolvedHypervisorConfig } from "./config.ts";
import type { Device, DeviceKind } from "./device.ts";

/** What a driver can do, as data: code asks these, never the driver's name. What is left out it can't. */
export interface HypervisorCapabilities {
  /** Kinds of devices that a VM can be started with. */
  readonly coldPlug: readonly DeviceKind[];
  /** Kinds of devices that a running VM can be given and parted from: its VMs have `attach` and `detach`. */
  readonly hotPlug?: readonly DeviceKind[];
  /** Its VMs have `resizeCpus`. */
  readonly cpuHotplug?: boolean;
  /** Its VMs have `resizeMemory`. */
  readonly memoryHotplug?: boolean;
  /** Its VMs have `pause` and `resume`. */
  readonly pause?: boolean;
  /** Its VMs boot the guest's kernel and root. */
  readonly guestFiles?: boolean;
  /** By what the guest's log can reach the host, best first. */
  readonly logCarriers: readonly LogCarrier[];
  /** How the guest agent is reached where the configuration doesn't say otherwise. */
  readonly agentTransport: AgentTransport;
  /** How many host processes can talk to the agent at once, where its transport has ports. */
  readonly agentClients: number;
}

/** All that a VM is started with; a pure description. */
export interface VmSpec {
  sandboxId: string;
  /** Random per start, an argument of the VMM's command line by which it can be found after a crash. */
  marker: string;
  config: ResolvedHypervisorConfig;
  /** The sandbox's VM folder: sockets, console, output. Owned by `user`, mode 0700. */
  folder: string;
  /** The unprivileged user that the VMM runs as; undefined: as the caller. */
  user: UserIds | undefined;
  /** The network namespace that the VMM is to be in; undefined: one without a network, where the driver can. */
  networkNamespace?: string | undefined;
  devices: readonly Device[];
  /** The disk, by its id, that the guest's log goes to; none: it goes to the file of a port. */
  logDisk?: string | undefined;
}

export type VmStatus = "running" | "paused" | "gone";

/** The contract of a hypervisor driver. */
export interface Hypervisor {
  readonly type: string;
  readonly capabilities: HypervisorCapabilities;
  /** What it can do under a configuration, where that depends on it. */
  capabilitiesUnder?(config: HypervisorConfig): HypervisorCapabilities;
  /** Its own part of the configuration; without one it goes by what every driver knows. */
  readonly ownConfig?: DriverConfig;
  /** Refuses by field name what this driver, binary or host can't do; takes nothing from the host. */
  validate(config: ResolvedHypervisorConfig, signal: AbortSignal): Promise<void>;
  /** The command that `start` runs, for people and for measuring. */
  command(spec: VmSpec): Promise<{ path: string; args: string[] }>;
  /** Starts the VMM; the guest boots from then on. Whatever is taken goes through the ledger first. */
  start(spec: VmSpec, ledger: Ledger, signal: AbortSignal): Promise<RunningVm>;
  /** Goes on with a VM that any process started; SANDBOX_DEAD if it is gone. */
  adopt(spec: Pick<VmSpec, "sandboxId" | "folder" | "config">, state: VmState): Promise<RunningVm>;
}

/** What not every driver's VMs can do: each is there if the capability is that it needs. */
export interface VmAbilities {
  pause(signal: AbortSignal): Promise<void>;
  resume(signal: AbortSignal): Promise<void>;
  /** Gives the guest a device, of the kinds of `hotPlug`, and tells where it finds it. ALREADY_EXISTS. */
  attach(device: Device, signal: AbortSignal): Promise<GuestAddress>;
  /** Waits until the guest has let the device go. One that is not there is no error. */
  detach(id: string, signal: AbortSignal): Promise<void>;
  /** Plugs CPUs until there are `count`, and gives how many there are; the guest takes them into use. None is unplugged. */
  resizeCpus(count: number, signal: AbortSignal): Promise<number>;
  /**
   * Gives the guest so much memory, or takes it back; gives what it has then, which may be a step more.
   * NOT_SUPPORTED if there is no room for it; TIMEOUT if the guest does not part with it. Taking back more
   * than `spareMiB`, if that is known, is INVALID_ARGUMENT before anything is changed.
   */
  resizeMemory(memoryMiB: number, signal: AbortSignal, spareMiB?: number): Promise<number>;
}

/** A VM that runs, seen from one host process. Of VmAbilities it is asked by `vmThatCan` only. */
export interface RunningVm extends Partial<VmAbilities> {
  readonly state: VmState;
  /** How the agent of this VM is reached, if not as the capabilities say. */
  readonly agentTransport?: AgentTransport;
  /** Settles when the VMM is gone, with what is known of why. Never rejects. */
  readonly gone: Promise<string>;
  /** A byte stream to agent port `index` (0 to capabilities.agentClients - 1). The caller holds that port's lock, if the transport has ports. */
  connectAgent(index: number, signal: AbortSignal): Promise<Duplex>;
  status(signal: AbortSignal): Promise<VmStatus>;
  /** The ids of the host's threads that run the guest's CPUs. */
  cpuThreads(signal: AbortSignal): Promise<number[]>;
  /** Waits until the VMM has ended by itself, up to `graceMs`, then kills it. */
  stop(options: { graceMs: number; signal?: AbortSignal }): Promise<void>;
  /** The last lines of the guest's console, bounded (16 KiB), printable. */
  consoleTail(lines?: number): Promise<string>;
  /** Lets this process end; the VM goes on. */
  release(): void;
}
