/** A disk that the guest gets. */
export interface DiskDevice {
  kind: "disk";
  /** Unique in the sandbox, as of each device; 1 to 31 of [a-zA-Z0-9-], a letter first. */
  id: string;
  /** Opened by this process, so the VMM's user needs no right to it. */
  path: string;
  format: "raw";
  /** Bytes to skip at the start of the file. */
  offset?: number;
  readonly: boolean;
  /** The path is a block device of the host. */
  device?: boolean;
  /** What the path must lead to; if it is something else by then, it is refused. */
  identity?: FileIdentity;
}

/** Which file it is, whatever its name: numbers of stat(2), in decimal. */
export interface FileIdentity {
  dev: string;
  ino: string;
}

/** A folder of the host, served by the virtiofsd behind a unix socket, by the tag that the guest mounts. */
export interface VirtioFsDevice {
  kind: "virtio-fs";
  id: string;
  tag: string;
  socketPath: string;
}

/** A folder of the host, served by the VMM itself. */
export interface Virtio9pDevice {
  kind: "virtio-9p";
  id: string;
  tag: string;
  path: string;
}

/** Sockets between host and guest; the driver finds the guest's address. */
export interface VsockDevice {
  kind: "vsock";
  id: string;
}

/** A network interface. The descriptors are this process's, which closes them once the VMM has them. */
export interface NetworkDevice {
  kind: "network";
  id: string;
  mac: string;
  /** Bytes; what the guest can't go beyond. */
  mtu?: number;
  /** Entries of each queue towards the guest: 256, 512 or 1024; default 256. */
  queueSize?: number;
  /** Each is one pair of queues. */
  taps: readonly number[];
  /** One of /dev/vhost-net for each tap, or none: the VMM then serves the queues itself. */
  vhost?: readonly number[];
}

/** A device of the host, by its folder in sysfs. */
export interface VfioDevice {
  kind: "vfio";
  id: string;
  sysfsPath: string;
}

/** A network interface that another process serves behind a unix socket, which the VMM's user may write to. */
export interface VhostUserDevice {
  kind: "vhost-user";
  id: string;
  serves: "network";
  socketPath: string;
  mac: string;
  /** Bytes; what the guest can't go beyond. */
  mtu?: number;
  /** Pairs of queues; that process must have as many. */
  queues: number;
  /** Entries of each queue: 256, 512 or 1024; default 256. */
  queueSize?: number;
}

/** What a VM can be given, when it starts or while it runs. */
export type Device =
  | DiskDevice
  | VirtioFsDevice
  | Virtio9pDevice
  | VsockDevice
  | NetworkDevice
  | VfioDevice
  | VhostUserDevice;
export type DeviceKind = Device["kind"];

/** The kinds by which a folder of the host can be shared. */
export const shareKinds = ["virtio-fs", "virtio-9p"] as const satisfies readonly DeviceKind[];
