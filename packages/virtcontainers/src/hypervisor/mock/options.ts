import type { Duplex } from "node:stream";
import type { Host } from "../../host/host.ts";
import type { HypervisorCapabilities } from "../hypervisor.ts";

/** The calls of the driver that can be made to fail; `started` fails when the VMM runs already. */
export type MockCall =
  | "validate"
  | "start"
  | "started"
  | "adopt"
  | "connectAgent"
  | "status"
  | "pause"
  | "resume"
  | "attach"
  | "detach"
  | "resizeCpus"
  | "resizeMemory"
  | "stop";

/** An error to throw, or what happens first; it should end by the signal. */
export type MockFailure = Error | ((signal: AbortSignal | undefined) => void | Promise<void>);

/** The machine as its guest sees it. */
export interface MockMachine {
  readonly sandboxId: string;
  /** Random per start. */
  readonly marker: string;
  /** CPUs that are plugged in, whether or not the guest uses them. */
  readonly cpus: number;
  readonly memoryMiB: number;
  /** Settles when the VM has ended, with how it did. */
  readonly gone: Promise<string>;
  /** Appends to the file behind the log port. */
  writeLog(bytes: Uint8Array): void;
  /** Appends to the console. */
  writeConsole(text: string): void;
  /** Ends the VM. */
  powerOff(): Promise<void>;
}

export interface MockHypervisorOptions {
  /** Runs the guest's end of an agent port, for each connection that the host makes. */
  serveAgent(stream: Duplex, machine: MockMachine, port: number): void;
  /** Called when a machine has been started, before any connection to it. */
  onStart?: ((machine: MockMachine) => void) | undefined;
  /** Looked up at each call, so it may be changed at any time. */
  failures?: Partial<Record<MockCall, MockFailure>> | undefined;
  capabilities?: Partial<HypervisorCapabilities> | undefined;
  host?: Host | undefined;
}

/** Lets the chosen failure happen. */
export async function pass(
  options: MockHypervisorOptions,
  call: MockCall,
  signal?: AbortSignal,
): Promise<void> {
  signal?.throwIfAborted();
  const failure = options.failures?.[call];
  if (failure instanceof Error) throw failure;
  await failure?.(signal);
}
