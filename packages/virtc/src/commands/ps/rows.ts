import type {
  ContainerStatus,
  HealthStatus,
  Network,
  PortMapping,
  SandboxStatus,
} from "virtcontainers";
import { labelsOf } from "../../container/labels.ts";

/** What `ps` tells of a container, or of a sandbox that has none. */
export interface Row {
  sandbox: string;
  container: string | null;
  image: string | null;
  command: readonly string[];
  state: SandboxStatus["state"];
  /** What its health check tells; null without one. */
  health: HealthStatus | null;
  exitCode: number | null;
  exitedAt: string | null;
  createdAt: string;
  startedAt: string | null;
  vmmPid: number | null;
  ports: readonly PortMapping[];
  annotations: Readonly<Record<string, string>>;
}

/** A row with what only formats and filters ask for. */
export interface FullRow extends Row {
  labels: Readonly<Record<string, string>>;
  imageDigest: string | undefined;
  mounts: ContainerStatus["mounts"];
  networks: readonly string[];
}

/** One row for each container, the newest first; a sandbox without one has a row too. */
export function rowsOf(
  sandboxes: readonly SandboxStatus[],
  networks: readonly Network[],
): FullRow[] {
  return [...sandboxes]
    .sort((a, b) => b.createdAt.localeCompare(a.createdAt) || a.id.localeCompare(b.id))
    .flatMap((sandbox) => {
      const joined = networks.filter(({ usedBy }) => usedBy.includes(sandbox.id));
      const names = joined.map(({ name }) => name);
      return sandboxRows(sandbox).map((row) => ({ ...row, networks: names }));
    });
}

/** The row without what `--json` does not print. */
export function plainRow(row: FullRow): Row {
  const { labels, imageDigest, mounts, networks, ...plain } = row;
  return plain;
}

function sandboxRows(sandbox: SandboxStatus): Omit<FullRow, "networks">[] {
  const common = {
    sandbox: sandbox.id,
    vmmPid: sandbox.vmm?.pid ?? null,
    ports: sandbox.ports,
    annotations: sandbox.annotations,
  };
  if (sandbox.containersStatus.length > 0) {
    const halted = sandbox.state === "paused" ? { state: sandbox.state } : {};
    return sandbox.containersStatus.map((container) => ({
      ...common,
      ...containerRow(container),
      labels: { ...labelsOf(sandbox), ...labelsOf(container) },
      ...(container.state === "running" && halted),
    }));
  }
  const { state, createdAt } = sandbox;
  const none = {
    container: null,
    image: null,
    health: null,
    exitCode: null,
    exitedAt: null,
    startedAt: null,
  };
  const without = { labels: labelsOf(sandbox), imageDigest: undefined, mounts: [] };
  return [{ ...common, ...none, ...without, command: [], state, createdAt }];
}

function containerRow(
  container: ContainerStatus,
): Omit<FullRow, "sandbox" | "vmmPid" | "annotations" | "ports" | "labels" | "networks"> {
  return {
    container: container.id,
    image: container.image ?? container.rootFs ?? null,
    imageDigest: container.imageDigest,
    command: container.cmd,
    state: container.state,
    health: container.health?.status ?? null,
    exitCode: container.exitCode ?? null,
    exitedAt: container.exitedAt ?? null,
    createdAt: container.createdAt,
    startedAt: container.startTime || null,
    mounts: container.mounts,
  };
}
