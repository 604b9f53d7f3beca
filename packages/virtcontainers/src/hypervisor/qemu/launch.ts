import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { VirtError } from "../../errors.ts";
import { pinReal } from "../../host/files.ts";
import type { Host, SpawnedProcess } from "../../host/host.ts";
import { tscKHz } from "../../host/tsc.ts";
import type { Logger } from "../../log.ts";
import type { Ledger } from "../../store/ledger.ts";
import { Descriptors } from "../descriptors.ts";
import type { NetworkDevice } from "../device.ts";
import { dyingMs } from "../ending.ts";
import type { RunningVm } from "../hypervisor.ts";
import { tailOf } from "../last-words.ts";
import { checkFile, openDisk, openForReading } from "../reachable-files.ts";
import { coldAddresses, launchArguments } from "./arguments.ts";
import { usesNvdimm } from "./cmdline.ts";
import type { QemuConfig, QemuSpec } from "./config.ts";
import { Qmp } from "./control.ts";
import { maxFileBytes } from "./device/file-limit.ts";
import { startVsockDaemon } from "./device/vsock-daemon.ts";
import { descriptor, type LaunchFacts } from "./launch-facts.ts";
import { resolveAccelerator } from "./machine/accelerator.ts";
import type { Binaries } from "./machine/binary.ts";
import { findFirmware } from "./machine/firmware.ts";
import { needsTscKHz } from "./machine/tsc.ts";
import { driverState, type VsockState } from "./state.ts";
import { QemuVm } from "./vm.ts";
import { vmFile } from "./vm-files.ts";

/** Starts QEMU, and waits until it has taken its options. */
export async function start(
  host: Host,
  logger: Logger,
  binaries: Binaries,
  spec: QemuSpec,
  ledger: Ledger,
  signal: AbortSignal,
): Promise<RunningVm> {
  signal.throwIfAborted();
  const path = await binaries.find(spec.config);
  const accelerator = await resolveAccelerator(spec.config);
  const fileLimit = await maxFileBytes(spec);
  const facts = await launchFacts(spec.config, accelerator.name);
  await using files = await openFiles(host, spec, facts.firmware);
  const vsock = await openVsock(host, spec, files, ledger, signal);
  const args = launchArguments(spec, {
    ...facts,
    cid: vsock.cid,
    descriptors: files.numbers,
  });
  logger.debug({ sandboxId: spec.sandboxId, path, args }, "starting QEMU");
  const { marker, folder, user } = spec;
  const record = { kind: "process", name: "qemu", marker } as const;
  return await ledger.take(record, async (update) => {
    host.failpoint("qemu.spawn.before");
    const child = await host.processes.spawnDetached({
      path,
      args,
      cwd: folder,
      outputPath: join(folder, vmFile.output),
      inheritedFds: files.inherited,
      maxFileBytes: fileLimit.starting,
      // All of the network that it needs are taps that it inherits.
      withoutNetwork: host.uid === 0 && spec.networkNamespace === undefined,
      networkNamespace: spec.networkNamespace,
      seLinuxLabel: spec.config.seLinuxProcessLabel,
      ...(user && { uid: user.uid, gid: accelerator.gid ?? user.gid }),
    });
    host.failpoint("qemu.spawn.after");
    const { pid, startTime } = child;
    await update({ ...record, pid, startTime });
    const vm = started(host, spec, child, vsock);
    await waitForQmp(host, spec, child, vm, signal);
    if (fileLimit.running < fileLimit.starting)
      await host.processes.lowerMaxFileBytes(child, fileLimit.running);
    return vm;
  });
}

/** All that QEMU is to open, opened with this process's rights. */
async function openFiles(
  host: Host,
  spec: QemuSpec,
  firmware: string | undefined,
): Promise<Descriptors> {
  const { config, devices } = spec;
  const files = new Descriptors();
  try {
    await files.addSink(descriptor.sink);
    files.add(descriptor.kernel, await openForReading(config.kernelPath, spec));
    if (config.initrdPath !== undefined)
      files.add(descriptor.initrd, await openForReading(config.initrdPath, spec));
    // What QEMU brings has a name only, which it looks up by itself.
    if (firmware?.startsWith("/"))
      files.add(descriptor.firmware, await openForReading(firmware, spec));
    if (config.imagePath !== undefined) {
      const image = { kind: "disk", id: "image", path: config.imagePath } as const;
      const file = usesNvdimm(config)
        ? await openForReading(image.path, spec)
        : await openDisk(host, { ...image, format: "raw", readonly: true }, spec);
      files.add(descriptor.image, file);
    }
    for (const device of devices) {
      if (device.kind === "network") addQueues(files, device);
      if (device.kind === "vhost-user")
        files.add(descriptor.socket(device.id), await pinReal(device.socketPath));
      if (device.kind !== "disk") continue;
      files.add(descriptor.disk(device.id), await openDisk(host, device, spec));
    }
    return files;
  } catch (error) {
    await files[Symbol.asyncDispose]();
    throw error;
  }
}

/** Of an interface: descriptors that are closed by who has opened them. */
function addQueues(files: Descriptors, { id, taps, vhost = [] }: NetworkDevice): void {
  for (const [part, fds] of [["tap", taps] as const, ["vhost", vhost] as const]) {
    for (const [index, fd] of fds.entries())
      files.add(descriptor.network(part, id, index), { fd, close: async () => {} });
  }
}

/** The guest's way over vsock, if it is to have one: its descriptor goes to QEMU. */
async function openVsock(
  host: Host,
  spec: QemuSpec,
  files: Descriptors,
  ledger: Ledger,
  signal: AbortSignal,
): Promise<VsockState> {
  if (!spec.devices.some(({ kind }) => kind === "vsock")) return {};
  if (spec.config.vsockDaemon !== undefined) {
    const { connection, process } = await startVsockDaemon(host, spec, ledger, signal);
    files.add(descriptor.vsock, connection);
    return { vsockDaemon: process };
  }
  const guest = await host.sockets.reserveCid();
  files.add(descriptor.vsock, guest);
  return { cid: guest.cid };
}

function started(host: Host, spec: QemuSpec, child: SpawnedProcess, vsock: VsockState): QemuVm {
  const { pid, startTime } = child;
  const { marker, folder } = spec;
  return new QemuVm({
    host,
    ...spec,
    state: {
      process: { pid, startTime },
      marker,
      devices: coldAddresses(spec),
      driver: driverState(spec, vsock),
    },
    gone: child.exited.then(async ({ code, signal }) => {
      const said = await tailOf(join(folder, vmFile.output), 10).catch(() => "");
      const how = signal === null ? `ended with exit code ${code}` : `was ended by ${signal}`;
      return said === "" ? `QEMU ${how}` : `QEMU ${how}: ${said}`;
    }),
    boots: true,
    onRelease: () => child.unref(),
  });
}

/** QEMU greets only once it has taken all its options and built the machine; the guest runs by then. */
async function waitForQmp(
  host: Host,
  spec: QemuSpec,
  child: SpawnedProcess,
  vm: RunningVm,
  signal: AbortSignal,
): Promise<void> {
  const stop = new AbortController();
  const onAbort = (): void => stop.abort(signal.reason);
  signal.addEventListener("abort", onAbort, { once: true });
  const ended = Promise.all([vm.gone, child.exited]).then(([reason, { code }]) => {
    const error = endedAtOnce(spec, reason, code);
    stop.abort(error);
    throw error;
  });
  ended.catch(() => {});
  const greeted = async (): Promise<void> => {
    const stream = await host.sockets.connectWhenReady(join(spec.folder, vmFile.qmp), stop.signal);
    (await Qmp.open(stream, stop.signal))[Symbol.dispose]();
  };
  try {
    await Promise.race([greeted(), ended]);
  } catch (error) {
    if (signal.aborted) throw signal.reason;
    // A process that dies closes its sockets a moment before it is gone, and its last words tell more.
    await Promise.race([ended, sleep(dyingMs, undefined, { ref: false })]);
    throw error;
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}

function endedAtOnce(spec: QemuSpec, reason: string, code: number | null): VirtError {
  const accelerator = /kvm|accelerator/i.test(reason)
    ? " Without working KVM, use the accelerator `auto` or `tcg` (--accelerator auto)."
    : "";
  return new VirtError("HYPERVISOR_FAILED", reason, {
    sandboxId: spec.sandboxId,
    phase: "hypervisor.start",
    ...(code !== null && { exitCode: code }),
    hint: `QEMU refused what it was started with: check the hypervisor's configuration.${accelerator}`,
  });
}

/** What the host decides, before anything is opened. */
export async function launchFacts(
  config: QemuConfig,
  accelerator: "kvm" | "tcg",
): Promise<Omit<LaunchFacts, "descriptors">> {
  const { imagePath } = config;
  const nvdimm = usesNvdimm(config) && imagePath !== undefined;
  return {
    accelerator,
    tscKHz: needsTscKHz(config, accelerator) ? await tscKHz() : undefined,
    firmware: config.firmwarePath ?? (await findFirmware(config.machineType)),
    imageBytes: nvdimm ? (await checkFile("hypervisorConfig.imagePath", imagePath)).size : 0,
  };
}
