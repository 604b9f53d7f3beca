import type { Images, Networks, Sandbox, VirtContainers, Volumes } from "virtcontainers";

/** What the commands use of a sandbox. */
export type SandboxHandle = Pick<
  Sandbox,
  | "id"
  | "containers"
  | "release"
  | "enterContainer"
  | "waitProcess"
  | "signalProcess"
  | "winsizeProcess"
  | "ioStream"
  | "setOutput"
  | "logs"
  | "stats"
  | "statsContainer"
  | "copyTo"
  | "copyFrom"
  | "importTar"
  | "exportTar"
  | "processListContainer"
  | "openConsole"
>;

type Told<V extends keyof VirtContainers> = Pick<VirtContainers, V>;
type Method = Exclude<keyof VirtContainers, "images" | "networks" | "volumes">;
type Done<V extends Method> = {
  [N in V]: (...args: Parameters<VirtContainers[N]>) => Promise<unknown>;
};
type Handed<V extends Method> = {
  [N in V]: (...args: Parameters<VirtContainers[N]>) => Promise<SandboxHandle>;
};

/** What the commands use of the library: a subset of VirtContainers, so that tests can hand in a double. */
export type Library = {
  readonly images: Images;
  readonly volumes: Volumes;
  readonly networks: Networks;
} & Told<
  | "listSandbox"
  | "statusSandbox"
  | "statusContainer"
  | "killContainer"
  | "waitProcess"
  | "collectGarbage"
  | "events"
  | "egressLog"
  | "egressStatus"
  | "trace"
> &
  Done<
    | "startSandbox"
    | "stopSandbox"
    | "deleteSandbox"
    | "pauseSandbox"
    | "resumeSandbox"
    | "resizeSandbox"
    | "startContainer"
    | "stopContainer"
    | "deleteContainer"
    | "pauseContainer"
    | "resumeContainer"
    | "updateContainer"
    | "setAnnotations"
    | "setEgress"
    | "connectNetwork"
    | "disconnectNetwork"
  > &
  Handed<"createSandbox" | "runSandbox" | "fetchSandbox"> & {
    createContainer(
      ...args: Parameters<VirtContainers["createContainer"]>
    ): Promise<{ sandbox: SandboxHandle }>;
  };

/** The kernel that a library boots its VMs with. */
export interface LibraryOptions {
  kernel?: "tuned" | "debian";
}
