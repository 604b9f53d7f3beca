/** What QEMU knows the descriptors by: numbers of inherited ones, or names of those that it was handed. */
export interface NetworkDescriptors {
  taps: readonly (string | number)[];
  /** None: QEMU serves the queues itself. */
  vhost: readonly (string | number)[];
}

/** What QEMU is told of the host for a device: where its file is, or which address it was given. */
export interface DeviceFacts {
  /** The VM's folder, in which QEMU works. */
  folder: string;
  /** For a disk, or what is behind a socket: the path at which QEMU finds its file. */
  path?: string | undefined;
  /** For vsock: the guest's address, and QEMU's descriptor that holds it or is connected to the daemon. */
  vsock?: { cid?: number | undefined; fd?: number | undefined } | undefined;
  /** By what QEMU runs the guest; undefined: it does not matter. */
  accelerator?: "kvm" | "tcg" | undefined;
  /** For a network interface: what QEMU knows its descriptors by. */
  network?: NetworkDescriptors | undefined;
}
