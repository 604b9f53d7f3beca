import { join } from "node:path";
import { VirtError } from "../../errors.ts";
import type { GuestCid, Host, SpawnedProcess } from "../../host/host.ts";
import type { Logger } from "../../log.ts";
import type { Ledger } from "../../store/ledger.ts";
import type { ResolvedHypervisorConfig } from "../config.ts";
import type { Hypervisor, RunningVm, VmSpec, VmState } from "../hypervisor.ts";
import { resolveAccelerator } from "./accelerator.ts";
import { checkFile, closeAll, makeReachable } from "./access.ts";
import { Binaries } from "./binary.ts";
import { capabilities } from "./capabilities.ts";
import { usesNvdimm } from "./cmdline.ts";
import { validateConfig } from "./config.ts";
import { Qmp } from "./control.ts";
import { maxFileBytes } from "./file-limit.ts";
import { findFirmware } from "./firmware.ts";
import { type LaunchFacts, launchArguments, vmFile } from "./launch.ts";
import { coldSlot, maxColdDrives } from "./slots.ts";
import { driverState, driverStateOf } from "./state.ts";
import { tailOf } from "./tail.ts";
import { QemuVm } from "./vm.ts";

/** The driver for QEMU 7.2 and newer. */
export function createQemu(host: Host, logger: Logger): Hypervisor {
  const binaries = new Binaries(host);

  return {
    type: "qemu",
    capabilities,
    validate: (config, signal) => validateConfig(config, binaries, host, signal),
    command: async (spec) => {
      const path = await binaries.find(spec.config);
      const { name } = await resolveAccelerator(spec.config);
      const facts = await launchFacts(spec.config, name);
      return { path, args: launchArguments(spec, { ...facts, vsock: exampleVsock(spec.config) }) };
    },
    start: (spec, ledger, signal) => start(host, logger, binaries, spec, ledger, signal),
    attach: (spec, state) => attach(host, spec, state),
  };
}

async function start(
  host: Host,
  logger: Logger,
  binaries: Binaries,
  spec: VmSpec,
  ledger: Ledger,
  signal: AbortSignal,
): Promise<RunningVm> {
  signal.throwIfAborted();
  checkSpec(spec);
  const path = await binaries.find(spec.config);
  const accelerator = await resolveAccelerator(spec.config);
  const fileLimit = await maxFileBytes(spec);
  const reachable = await makeReachable(spec);
  let guest: GuestCid | undefined;
  try {
    guest = spec.config.useVSock ? await host.sockets.reserveCid() : undefined;
    const fds = [...reachable.files, ...(guest === undefined ? [] : [guest])].map(({ fd }) => fd);
    const args = launchArguments(reachable.spec, {
      ...(await launchFacts(reachable.spec.config, accelerator.name)),
      // Inherited descriptors begin at 3, and this is the last one.
      vsock: guest && { cid: guest.cid, fd: 2 + fds.length },
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
        inheritedFds: fds,
        maxFileBytes: fileLimit,
        seLinuxLabel: spec.config.seLinuxProcessLabel,
        ...(user && { uid: user.uid, gid: accelerator.gid ?? user.gid }),
      });
      host.failpoint("qemu.spawn.after");
      const { pid, startTime } = child;
      await update({ ...record, pid, startTime });
      const vm = started(host, spec, child, guest?.cid);
      await waitForQmp(host, spec, child, vm, signal);
      return vm;
    });
  } finally {
    await guest?.close();
    await closeAll(reachable.files);
  }
}

function started(host: Host, spec: VmSpec, child: SpawnedProcess, cid: number | undefined): QemuVm {
  const drives = spec.drives.map(
    ({ id }, index) => [id, coldSlot(spec.config, index).address] as const,
  );
  const { pid, startTime } = child;
  const { marker, folder } = spec;
  return new QemuVm({
    host,
    ...spec,
    state: {
      process: { pid, startTime },
      marker,
      drives: Object.fromEntries(drives),
      driver: driverState(spec, cid),
    },
    gone: child.exited.then(async ({ code, signal }) => {
      const said = await tailOf(join(folder, vmFile.output), 10).catch(() => "");
      const how = signal === null ? `ended with exit code ${code}` : `was ended by ${signal}`;
      return said === "" ? `QEMU ${how}` : `QEMU ${how}: ${said}`;
    }),
    onRelease: () => child.unref(),
  });
}

/** QEMU greets only once it has taken all its options and built the machine; the guest runs by then. */
async function waitForQmp(
  host: Host,
  spec: VmSpec,
  child: SpawnedProcess,
  vm: RunningVm,
  signal: AbortSignal,
): Promise<void> {
  const stop = new AbortController();
  const onAbort = (): void => stop.abort(signal.reason);
  signal.addEventListener("abort", onAbort, { once: true });
  const ended = Promise.all([vm.gone, child.exited]).then(([reason, { code }]) => {
    const error = new VirtError("HYPERVISOR_FAILED", `${reason}`, {
      sandboxId: spec.sandboxId,
      phase: "hypervisor.start",
      ...(code !== null && { exitCode: code }),
      hint: "QEMU refused what it was started with: check the hypervisor's configuration.",
    });
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
    if (await host.processes.isAlive(vm.state.process)) throw error;
    await ended;
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}

async function attach(
  host: Host,
  spec: Pick<VmSpec, "sandboxId" | "folder" | "config">,
  state: VmState,
): Promise<RunningVm> {
  if (!(await host.processes.isAlive(state.process))) {
    throw new VirtError("SANDBOX_DEAD", `the VM of sandbox ${spec.sandboxId} is gone`, {
      sandboxId: spec.sandboxId,
      hint: "Delete the sandbox, or start it again.",
    });
  }
  const watch = new AbortController();
  const gone = host.processes.waitGone(state.process, watch.signal).then(
    () => "QEMU is gone",
    // After release nobody is told any more.
    () => new Promise<string>(() => {}),
  );
  return new QemuVm({
    host,
    ...spec,
    user: driverStateOf(state).user,
    state,
    gone,
    onRelease: () => watch.abort(),
  });
}

async function launchFacts(
  config: ResolvedHypervisorConfig,
  accelerator: "kvm" | "tcg",
): Promise<LaunchFacts> {
  const { imagePath } = config;
  const nvdimm = usesNvdimm(config) && imagePath !== undefined;
  return {
    accelerator,
    firmware: config.firmwarePath ?? (await findFirmware(config.machineType)),
    imageBytes: nvdimm ? (await checkFile("hypervisorConfig.imagePath", imagePath)).size : 0,
  };
}

/** An address as a VM would get one; QEMU then opens the device itself. */
function exampleVsock({ useVSock }: ResolvedHypervisorConfig): LaunchFacts["vsock"] {
  return useVSock ? { cid: 3, fd: undefined } : undefined;
}

function checkSpec(spec: VmSpec): void {
  if (spec.config.blockDeviceDriver === "virtio-blk" && spec.drives.length > maxColdDrives) {
    throw new VirtError(
      "NOT_SUPPORTED",
      `a VM starts with at most ${maxColdDrives} drives, and this one has ${spec.drives.length}`,
      { hint: "Create the other containers once the sandbox runs, or use virtio-scsi." },
    );
  }
}
