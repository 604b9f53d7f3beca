import { usesNvdimm } from "./cmdline.ts";
import type { QemuSpec } from "./config.ts";
import { option } from "./options.ts";

/** What the host decides about a launch, beside the specification. */
export interface LaunchFacts {
  accelerator: "kvm" | "tcg";
  /** A firmware file, or the name of one that QEMU brings; undefined: QEMU's default. */
  firmware: string | undefined;
  /** Size of the root image; needed only where it is an nvdimm. */
  imageBytes: number;
  /** Cycles of the time stamp counter in a millisecond, where the guest's kernel has to be told. */
  tscKHz?: number | undefined;
  /** The guest's address for vsock, where the host's kernel serves it. */
  cid?: number | undefined;
  /** Numbers of the descriptors that QEMU inherits, by name; what has none is opened by its path. */
  descriptors: ReadonlyMap<string, number>;
}

/** The names of the descriptors beside those of disks, which have their own. */
export const descriptor = {
  kernel: "kernel",
  initrd: "initrd",
  firmware: "firmware",
  image: "image",
  sink: "sink",
  vsock: "vsock",
  disk: (id: string) => `disk-${id}`,
  socket: (id: string) => `socket-${id}`,
  network: (part: "tap" | "vhost", id: string, index: number) => `${part}-${id}-${index}`,
} as const;

/** Descriptors that are opened as `/dev/fdset/N`: QEMU duplicates them, so their files' modes don't count. */
export function descriptorArguments(
  { config, devices }: QemuSpec,
  { descriptors }: LaunchFacts,
): string[] {
  const names = [
    ...(usesNvdimm(config) ? [] : [descriptor.image]),
    descriptor.sink,
    ...devices.filter(({ kind }) => kind === "disk").map(({ id }) => descriptor.disk(id)),
  ];
  return names.flatMap((name) => {
    const fd = descriptors.get(name);
    return fd === undefined ? [] : ["-add-fd", option("", { fd, set: fd, opaque: name })];
  });
}

/** For what QEMU opens by its block layer or as a character device. */
export function duplicated(name: string, path: string, { descriptors }: LaunchFacts): string {
  const fd = descriptors.get(name);
  return fd === undefined ? path : `/dev/fdset/${fd}`;
}

/** For what QEMU opens with a plain open(2). */
export function reopened<P extends string | undefined>(
  name: string,
  path: P,
  { descriptors }: LaunchFacts,
): string | P {
  const fd = descriptors.get(name);
  return fd === undefined || path === undefined ? path : `/proc/self/fd/${fd}`;
}
