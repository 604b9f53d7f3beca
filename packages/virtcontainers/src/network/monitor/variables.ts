// The environment of a monitor, and of what it starts.

/** Marks the processes of one monitor. */
export const markerVariable = "VIRTCONTAINERS_NETMON";

/** In JSON: the folders of the instance whose sandbox it is. */
export const optionsVariable = "VIRTCONTAINERS_NETMON_OPTIONS";

/** The network namespace that the monitor was started from, as a path. */
export const homeVariable = "VIRTCONTAINERS_NETMON_HOME";
