export type Values = Record<string, string | number | boolean>;

/** What stands behind a device on the host, under the option of the command line that makes it. */
export type Backend =
  | { option: "blockdev"; value: object }
  | {
      option: "chardev";
      driver: "socket";
      values: { id: string; path: string } | { id: string; fd: number };
    }
  | { option: "netdev"; driver: "tap" | "vhost-user"; values: Values & { id: string } }
  | { option: "fsdev"; driver: "local"; values: Values & { id: string } };

/** A device as QEMU takes it: the same for a VM that starts and for one that runs. */
export interface DeviceParts {
  /** In the order in which they are made. */
  backends: readonly Backend[];
  /** In the form of device_add, without id and place. */
  device: Values & { driver: string };
}
