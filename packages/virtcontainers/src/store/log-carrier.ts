/**
 * By what the guest's log reaches the host: a file that the VMM appends a port of virtio-serial to, or a small disk
 * that the guest writes to.
 */
export const logCarriers = ["serial-file", "disk"] as const;
export type LogCarrier = (typeof logCarriers)[number];

/** The log in the VM's folder; each carrier's has a name of its own. */
export const logFileNames: Readonly<Record<LogCarrier, string>> = {
  "serial-file": "log.bin",
  disk: "log.disk",
};
