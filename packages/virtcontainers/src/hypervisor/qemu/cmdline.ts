import type { Param } from "../../config/hypervisor.ts";
import { addressText, type GuestAddress } from "../../store/guest-address.ts";
import type { QemuConfig } from "./config.ts";
import { machines } from "./machine/machines.ts";

/** What a launch tells the guest's kernel beside its configuration. */
export interface CommandLineFacts {
  /** Where the guest finds the disk for its log. */
  logDisk?: GuestAddress | undefined;
  /** The kernel clears each page that it hands out. */
  clearPages?: boolean;
  /** What the guest's kernel could only measure by a clock that its machine has not. */
  tscKHz?: number | undefined;
}

/** The guest's kernel command line. A parameter of the configuration replaces the default of its name. */
export function kernelCommandLine(config: QemuConfig, facts: CommandLineFacts = {}): string {
  const { logDisk, clearPages = false, tscKHz } = facts;
  const own = new Set(config.kernelParams.map(({ key }) => key));
  const params = defaultParams(config, clearPages).filter(({ key }) => !own.has(key));
  const log = logDisk === undefined ? [] : [param("agent.log_disk", addressText(logDisk))];
  const tsc = tscKHz === undefined ? [] : [param("tsc_early_khz", `${tscKHz}`)];
  return [...params, ...config.kernelParams, ...tsc, ...log].map(paramText).join(" ");
}

/** A value with spaces is quoted as the kernel's parser expects. */
function paramText({ key, value }: Param): string {
  if (value === "") return key;
  return /\s/.test(value) ? `${key}="${value}"` : `${key}=${value}`;
}

function defaultParams(config: QemuConfig, clearPages: boolean): Param[] {
  const { arch, transport } = machines[config.machineType];
  const x86 = arch === "x64";
  return [
    param("console", machines[config.machineType].tty),
    ...(config.debug ? [param("loglevel", "7")] : [param("quiet"), param("loglevel", "4")]),
    // A panic ends the VM at once, since QEMU runs with -no-reboot.
    param("panic", "-1"),
    ...(x86 ? [param("tsc", "reliable"), param("no_timer_check")] : []),
    // What a microvm has beside it gives no interrupts.
    ...(x86 && transport === "pci" ? [param("nolapic_timer")] : []),
    param("cryptomgr.notests"),
    param("mitigations", "off"),
    param("init_on_alloc", clearPages ? "1" : "0"),
    // Room for hotplugged memory would else make the kernel set 64 MiB aside.
    param("swiotlb", "512"),
    // Where no page of the kernel's own is in the way, memory can be taken back.
    param("memhp_default_state", config.virtioMem ? "online_movable" : "online"),
    // What the kernel itself does needs no translation: only devices that are handed on.
    ...(config.iommu ? [param("intel_iommu", "on"), param("iommu", "pt")] : []),
    ...rootParams(config),
    param("agent.log", "info"),
    // The wait ends when the device is there; a VM that gets little of the host's CPUs needs longer than the default.
    param("agent.hotplug_timeout", "20"),
  ];
}

function rootParams(config: QemuConfig): Param[] {
  if (config.imagePath === undefined) return [];
  const nvdimm = usesNvdimm(config);
  return [
    param("root", nvdimm ? "/dev/pmem0" : "/dev/vda"),
    param("ro"),
    param("rootfstype", config.imageFsType),
    ...(nvdimm ? [param("rootflags", "dax")] : []),
    param("init", "/sbin/init"),
  ];
}

export function usesNvdimm(config: QemuConfig): boolean {
  return !config.disableImageNvdimm && machines[config.machineType].nvdimm;
}

function param(key: string, value = ""): Param {
  return { key, value };
}
