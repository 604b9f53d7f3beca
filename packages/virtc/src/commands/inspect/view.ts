import type { ContainerHealth, ContainerStatus, SandboxStatus } from "virtcontainers";
import { labelsOf } from "../../container/labels.ts";

/** A container's status with the fields by which docker's templates know it, beside its own. */
export function dockerView(status: SandboxStatus): Record<string, unknown> {
  const { containersStatus } = status;
  const own = containersStatus.find(({ id }) => id === status.id) ?? containersStatus[0];
  return { ...status, ...(own && ofContainer(status, own)) };
}

function ofContainer(status: SandboxStatus, container: ContainerStatus): Record<string, unknown> {
  const [path = "", ...args] = container.cmd;
  const { process } = container.spec;
  return {
    Id: status.id,
    Name: `/${status.id}`,
    Created: container.createdAt,
    Path: path,
    Args: args,
    Image: container.imageDigest ?? "",
    State: {
      Status: stateWord(status, container),
      Running: container.state === "running" || container.state === "paused",
      Paused: status.state === "paused" || container.state === "paused",
      Pid: status.vmm?.pid ?? 0,
      ExitCode: container.exitCode ?? 0,
      StartedAt: container.startTime || noTime,
      FinishedAt: container.exitedAt ?? noTime,
      ...(container.health && { Health: healthOf(container.health) }),
    },
    Config: {
      Image: container.image ?? container.rootFs,
      Cmd: container.cmd,
      Env: process?.env ?? [],
      WorkingDir: process?.cwd ?? "",
      Tty: container.terminal,
      OpenStdin: container.interactive,
      Labels: new Map(Object.entries({ ...labelsOf(status), ...labelsOf(container) })),
    },
    Mounts: container.mounts.map((mount) => ({
      Type: mount.type,
      Source: mount.source ?? "",
      Destination: mount.destination,
      RW: !mount.readOnly,
    })),
  };
}

function healthOf({ status, failingStreak, results }: ContainerHealth): object {
  return {
    Status: status,
    FailingStreak: failingStreak,
    Log: results.map(({ startedAt, endedAt, exitCode, output }) => ({
      Start: startedAt,
      End: endedAt,
      ExitCode: exitCode,
      Output: output,
    })),
  };
}

/** As docker writes what has not been. */
const noTime = "0001-01-01T00:00:00Z";

function stateWord(status: SandboxStatus, { state, exitCode, startTime }: ContainerStatus): string {
  if (status.state === "paused" && state === "running") return "paused";
  if (state === "running" || state === "paused") return state;
  if (state === "stopped" && (exitCode !== undefined || startTime !== "")) return "exited";
  return "created";
}
