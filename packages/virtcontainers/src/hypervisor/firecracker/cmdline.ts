import type { Param } from "../../config/hypervisor.ts";
import { addressText, type GuestAddress } from "../../store/guest-address.ts";

export interface CommandLine {
  readonly kernelParams: readonly Param[];
  /** The guest's root is the first drive, with this file system; undefined: all of it is in the initrd. */
  readonly rootFsType: string | undefined;
  readonly debug: boolean;
  /** Where the guest finds the disk for its log. */
  readonly logDisk?: GuestAddress | undefined;
}

/**
 * The guest's kernel command line, without what Firecracker adds by itself: the root drive's name and mode, `pci=off`
 * and the places of virtio-mmio. A parameter of the configuration replaces the default of its name.
 */
export function kernelCommandLine({
  kernelParams,
  rootFsType,
  debug,
  logDisk,
}: CommandLine): string {
  const own = new Set(kernelParams.map(({ key }) => key));
  const given = defaults(rootFsType, debug).filter(({ key }) => !own.has(key));
  const log = logDisk === undefined ? [] : [param("agent.log_disk", addressText(logDisk))];
  return [...given, ...kernelParams, ...log].map(paramText).join(" ");
}

function defaults(rootFsType: string | undefined, debug: boolean): Param[] {
  return [
    // Without a console there is no UART to wait for.
    ...(debug
      ? [param("console", "ttyS0"), param("loglevel", "7")]
      : [param("8250.nr_uarts", "0"), param("quiet"), param("loglevel", "4")]),
    // A reset by the keyboard's controller is what ends Firecracker.
    param("reboot", "k"),
    param("panic", "-1"),
    param("i8042.noaux"),
    param("i8042.nomux"),
    param("i8042.dumbkbd"),
    param("cryptomgr.notests"),
    param("random.trust_cpu", "on"),
    param("net.ifnames", "0"),
    ...(rootFsType === undefined
      ? []
      : [param("rootfstype", rootFsType), param("init", "/sbin/init")]),
    param("agent.log", "info"),
    param("agent.hotplug_timeout", "20"),
  ];
}

function paramText({ key, value }: Param): string {
  if (value === "") return key;
  return /\s/.test(value) ? `${key}="${value}"` : `${key}=${value}`;
}

function param(key: string, value = ""): Param {
  return { key, value };
}
