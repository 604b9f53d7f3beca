import type { MessageInitShape } from "@bufbuild/protobuf";
import type { AgentService, StatsContainerResponseSchema } from "@virtcontainers/agent-protocol";
import { type ServiceImplementation, TtrpcError } from "@virtcontainers/ttrpc";
import { Freezer } from "./freezer.ts";
import type { Guest, GuestContainer } from "./guest.ts";

const idRule = /^[a-zA-Z0-9][a-zA-Z0-9_.-]{1,254}$/;
/** What a process of this guest is said to occupy. */
const bytesPerProcess = 1024n * 1024n;

/** The calls about containers, with the meanings and error codes of the contract. */
export function containerCalls(guest: Guest): ServiceImplementation<typeof AgentService> {
  return {
    createContainer: ({ containerId, OCI, stringUser, stdinPort, stdoutPort }) => {
      guest.assertSandbox();
      if (!idRule.test(containerId))
        throw new TtrpcError("internal", `invalid container ID ${containerId}`);
      if (guest.containers.has(containerId))
        throw new TtrpcError("already_exists", `container ${containerId} exists already`);
      const process = OCI?.Process;
      if (process === undefined)
        throw new TtrpcError("internal", "EINVAL: the request has no OCI spec with a process");
      const user = stringUser?.uid ?? "";
      const place = { freezer: new Freezer(), files: guest.newFiles() };
      const wanted = { containerId, execId: "", process, user, stdinPort, stdoutPort, place };
      const init = guest.makeProcess(wanted);
      const resources = OCI?.Linux?.Resources;
      guest.add({
        id: containerId,
        process,
        init,
        started: false,
        execs: new Map(),
        ...place,
        resources,
      });
      return {};
    },
    startContainer: ({ containerId }) => {
      const container = guest.container(containerId, "internal");
      if (container.init.exitCode !== undefined)
        throw new TtrpcError("failed_precondition", `container ${containerId} has stopped`);
      if (container.started)
        throw new TtrpcError("failed_precondition", `container ${containerId} is running already`);
      guest.start(container);
      return {};
    },
    removeContainer: ({ containerId }) => {
      guest.killAll(guest.container(containerId, "internal"));
      guest.containers.delete(containerId);
      return {};
    },
    pauseContainer: ({ containerId }) => {
      const container = guest.container(containerId);
      if (container.freezer.isFrozen || container.init.exitCode !== undefined)
        throw new TtrpcError("internal", `container ${containerId} is not running`);
      container.freezer.freeze();
      return {};
    },
    resumeContainer: ({ containerId }) => {
      const { freezer } = guest.container(containerId);
      if (!freezer.isFrozen)
        throw new TtrpcError("internal", `container ${containerId} is not paused`);
      freezer.thaw();
      return {};
    },
    updateContainer: ({ containerId, resources }) => {
      const container = guest.container(containerId);
      if (resources === undefined) throw new TtrpcError("invalid_argument", "resources: missing");
      // What an update leaves out stays as it was.
      container.resources = { ...container.resources, ...resources };
      return {};
    },
    statsContainer: ({ containerId }) => stats(guest.container(containerId)),
  };
}

function stats(container: GuestContainer): MessageInitShape<typeof StatsContainerResponseSchema> {
  const { init, execs, resources } = container;
  const alive = [init, ...execs.values()].filter(({ exitCode }) => exitCode === undefined);
  const count = BigInt(alive.length);
  const ran = alive.reduce((sum, process) => sum + process.ranNs, 0n);
  return {
    cgroupStats: {
      cpuStats: { cpuUsage: { totalUsage: ran, usageInUsermode: ran } },
      memoryStats: {
        usage: { usage: count * bytesPerProcess, limit: resources?.Memory?.Limit ?? 0n },
      },
      pidsStats: { current: count, limit: resources?.Pids?.Limit ?? 0n },
    },
    networkStats: [{ name: "lo" }],
  };
}
