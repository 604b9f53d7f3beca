import { randomUUID } from "node:crypto";
import { constants } from "node:fs";
import { open } from "node:fs/promises";
import { join } from "node:path";
import { VirtError } from "../../../errors.ts";
import { hostError } from "../../../host/errno.ts";
import type { Host, OpenDescriptor, SpawnedProcess } from "../../../host/host.ts";
import type { ProcessIdentity } from "../../../host/process-identity.ts";
import type { Ledger } from "../../../store/ledger.ts";
import { tailOf } from "../../last-words.ts";
import type { QemuSpec } from "../config.ts";

/** The guest's address: each guest has a daemon of its own, so they may all have the same. */
export const daemonCid = 3;

/** In the VM's folder: where QEMU finds the device, where the host finds the guest's ports, what the daemon says. */
export const daemonSocket = "vsock-device.sock";
export const vsockSocket = "vsock.sock";
const output = "vsock.log";

/** A guest makes it say what it likes; it writes no other file. */
const maxLogBytes = 1024 * 1024;

/** By which it is found: its options are not ours to add to. */
const markerVariable = "VIRTCONTAINERS_VSOCK";

/** Starts the process that serves vsock for a VM, as the VM's user, and connects to it for QEMU. */
export async function startVsockDaemon(
  host: Host,
  spec: QemuSpec,
  ledger: Ledger,
  signal: AbortSignal,
): Promise<{ connection: OpenDescriptor; process: ProcessIdentity }> {
  const { folder, user, config } = spec;
  // By its descriptor, since the folders on its way may be closed to the VM's user.
  await using program = await openProgram(config.vsockDaemon);
  const marker = randomUUID();
  const record = { kind: "process", name: "vsock", marker, variable: markerVariable } as const;
  return await ledger.take(record, async (update) => {
    host.failpoint("vsock.spawn.before");
    const daemon = await host.processes.spawnDetached({
      path: "/proc/self/fd/3",
      args: ["--guest-cid", `${daemonCid}`, "--uds-path", vsockSocket, "--socket", daemonSocket],
      env: { [markerVariable]: marker, PATH: process.env.PATH ?? "", LC_ALL: "C" },
      cwd: folder,
      outputPath: join(folder, output),
      inheritedFds: [program.fd],
      maxFileBytes: maxLogBytes,
      seLinuxLabel: config.seLinuxProcessLabel,
      ...user,
    });
    host.failpoint("vsock.spawn.after");
    const { pid, startTime } = daemon;
    await update({ ...record, pid, startTime });
    const connection = await connectDevice(host, spec, daemon, signal);
    daemon.unref();
    return { connection, process: { pid, startTime } };
  });
}

async function openProgram(path = "") {
  return await open(path, constants.O_RDONLY).catch((error: unknown) => {
    throw hostError(error, `opening hypervisorConfig.vsockDaemon ${path}`);
  });
}

/** It serves one client, whom it ends with: so nobody but QEMU may connect, not even to see if it is there. */
async function connectDevice(
  host: Host,
  { folder, sandboxId, config }: QemuSpec,
  daemon: SpawnedProcess,
  signal: AbortSignal,
): Promise<OpenDescriptor> {
  const stop = new AbortController();
  const ended = daemon.exited.then(async ({ code, signal: by }) => {
    const said = await tailOf(join(folder, output), 10).catch(() => "");
    const how = by === null ? `ended with exit code ${code}` : `was ended by ${by}`;
    throw new VirtError("HYPERVISOR_FAILED", `${config.vsockDaemon} ${how}: ${said}`, {
      sandboxId,
      phase: "hypervisor.start",
      hint: "hypervisorConfig.vsockDaemon must be vhost-device-vsock 0.3 or one with its options.",
    });
  });
  ended.catch((error: unknown) => stop.abort(error));
  const until = AbortSignal.any([signal, stop.signal]);
  return await Promise.race([
    host.sockets.connectInheritable(join(folder, daemonSocket), until),
    ended,
  ]);
}

/** Does something with the guest's ports; ends with SANDBOX_DEAD when the process that serves them is gone. */
export async function whileServed<T>(
  host: Pick<Host, "processes">,
  { sandboxId, daemon }: { sandboxId: string; daemon: ProcessIdentity },
  signal: AbortSignal,
  act: (until: AbortSignal) => Promise<T>,
): Promise<T> {
  const stop = new AbortController();
  const until = AbortSignal.any([signal, stop.signal]);
  const ended = host.processes.waitGone(daemon, until).then(() => {
    throw new VirtError(
      "SANDBOX_DEAD",
      `the guest of sandbox ${sandboxId} can't be reached: the process that serves vsock for it has ended`,
      {
        sandboxId,
        hint: "Its containers go on unseen; vsock.log, in the sandbox's folder until it is stopped, may tell why. Stop the sandbox by force and start it again, or delete it.",
      },
    );
  });
  ended.catch(() => {});
  try {
    return await Promise.race([act(until), ended]);
  } finally {
    stop.abort();
  }
}
