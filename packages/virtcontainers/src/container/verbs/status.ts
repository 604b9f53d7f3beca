import { join } from "node:path";
import type { OciSpec } from "../../config/oci/schema.ts";
import type { State } from "../../config/state.ts";
import type { Context } from "../../operation/context.ts";
import { refresh } from "../../operation/refresh.ts";
import type { Operation } from "../../operation/run-verb.ts";
import { scratchPath } from "../../storage/block/scratch.ts";
import { guestRootPath } from "../../storage/guest/storages.ts";
import type { ContainerHealth } from "../../store/health.ts";
import type { StoredContainer, StoredSandbox } from "../../store/schema.ts";
import { type MountStatus, mountStatus } from "../mount-status.ts";
import { containerSpec } from "../spec/spec.ts";

/** What is known of a container. */
export interface ContainerStatus {
  id: string;
  state: State;
  /** Of its first process, in the guest; 0 before it was started. */
  pid: number;
  /** ISO 8601; empty before it was started. */
  startTime: string;
  createdAt: string;
  /** The folder, disk or image it was made from. */
  rootFs: string;
  image: string | undefined;
  imageDigest: string | undefined;
  cmd: string[];
  /** Once it has ended: the exit code, or 128 + the signal's number. */
  exitCode: number | undefined;
  exitedAt: string | undefined;
  /** Its output goes to the log. */
  logged: boolean;
  /** It has a pseudo terminal. */
  terminal: boolean;
  /** Its standard input is kept open for whoever writes to it. */
  interactive: boolean;
  /** What its health check tells while it runs; undefined without one. */
  health: ContainerHealth | undefined;
  annotations: Record<string, string>;
  mounts: MountStatus[];
  /** On this host: the disk that has what it writes to its root; undefined where that is memory, or the root itself. */
  scratchPath: string | undefined;
  /** The OCI specification that the guest got, or gets at the next start. */
  spec: OciSpec;
}

/** The present state, also if the container died unseen. */
export async function statusContainer(
  operation: Operation,
  containerId: string,
): Promise<ContainerStatus> {
  const { context, sandbox, connection, signal } = operation;
  await refresh(context, sandbox, connection, signal);
  return containerStatus(context, sandbox, operation.container(containerId));
}

/** Before the first run, it is starting. */
function healthOf({ state, health, healthCheck }: StoredContainer): ContainerHealth | undefined {
  if (healthCheck === undefined || (state !== "running" && state !== "paused")) return undefined;
  return health ?? { status: "starting", failingStreak: 0, results: [] };
}

export function containerStatus(
  context: Context,
  sandbox: StoredSandbox,
  container: StoredContainer,
): ContainerStatus {
  const { config, drives, image } = container;
  return {
    id: container.id,
    // What runs in a VM that is halted does not run.
    state: sandbox.state === "paused" && container.state === "running" ? "paused" : container.state,
    pid: container.pid,
    startTime: container.startTime,
    createdAt: container.createdAt,
    rootFs: config.rootFs?.target ?? config.rootFs?.source ?? image?.name ?? "",
    image: image?.name,
    imageDigest: image?.digest,
    cmd: container.argv,
    exitCode: container.exitCode,
    exitedAt: container.exitedAt,
    logged: config.cmd?.detach ?? false,
    terminal: config.cmd?.terminal ?? false,
    interactive: config.cmd?.interactive ?? false,
    health: healthOf(container),
    annotations: config.annotations ?? {},
    scratchPath: drives.scratch && scratchPath(context, sandbox.id, container.id),
    mounts: mountStatus(container, join(context.store.folder(sandbox.id).mounts, container.id)),
    spec: containerSpec(container, sandbox, guestRootPath(container)),
  };
}
