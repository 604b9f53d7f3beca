import { duplexPair } from "node:stream";
import { AgentService, type Process } from "@virtcontainers/agent-protocol";
import {
  type CallContext,
  createServiceClient,
  type ServiceImplementation,
  TtrpcClient,
  TtrpcError,
  TtrpcServer,
} from "@virtcontainers/ttrpc";
import type {
  Hypervisor,
  RunningVm,
} from "../../packages/virtcontainers/src/hypervisor/hypervisor.ts";
import { assertStorage } from "../../packages/virtcontainers/src/testing/agent/reference.ts";

type Calls = ServiceImplementation<typeof AgentService>;

/**
 * A driver whose VMs seem to have the field's own agent: between the library and the agent of the VM stands one that
 * lets through what the reference's messages have, refuses what the reference refuses, and has no other service.
 * Behind it are this project's guest, agent and crun: how another agent mounts, sets up and boots is not seen.
 */
export function withReferenceAgents(driver: Hypervisor): Hypervisor {
  return replacing(driver, {
    start: async (...args) => filtered(await driver.start(...args)),
    adopt: async (...args) => filtered(await driver.adopt(...args)),
  });
}

function filtered(vm: RunningVm): RunningVm {
  const states = new Map<string, "terminal" | "forgotten">();
  return replacing(vm, {
    connectAgent: async (...args) => {
      const client = new TtrpcClient(await vm.connectAgent(...args));
      const [ours, theirs] = duplexPair();
      const server = new TtrpcServer().register(AgentService, referenceCalls(client, states));
      const serving = server.serve(theirs);
      void serving.closed.then(() => client.close());
      void client.closed.then(() => serving.close());
      return ours;
    },
  });
}

/** The object with some of its members replaced; all others are its own, private state and all. */
function replacing<T extends object>(target: T, members: Partial<T>): T {
  return new Proxy(target, {
    get(_, name) {
      const value: unknown = Reflect.get(Object.hasOwn(members, name) ? members : target, name);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}

const key = (request: { containerId: string; execId: string }): string =>
  `${request.containerId}/${request.execId === request.containerId ? "" : request.execId}`;

function referenceCalls(client: TtrpcClient, states: Map<string, "terminal" | "forgotten">): Calls {
  const agent = createServiceClient(client, AgentService);
  const within = ({ signal, timeoutMs }: CallContext) => ({
    signal,
    ...(timeoutMs !== undefined && { timeoutMs }),
  });
  const known = <R extends { containerId: string; execId: string }>(request: R): R => {
    if (states.get(key(request)) === "forgotten")
      throw new TtrpcError("not_found", `Invalid exec id ${request.execId}`);
    return request;
  };
  const begin = (id: { containerId: string; execId: string }, process: Process | undefined) => {
    states.delete(key(id));
    if (process?.Terminal) states.set(key(id), "terminal");
  };
  const ended = (request: { containerId: string; execId: string }, data: Uint8Array) => {
    if (data.length === 0 && states.get(key(request)) === "terminal")
      throw new TtrpcError("internal", "EIO: Input/output error (os error 5)");
    return { data };
  };
  return {
    createSandbox: (request, context) => agent.createSandbox(request, within(context)),
    destroySandbox: (request, context) => agent.destroySandbox(request, within(context)),
    createContainer: async (request, context) => {
      const { OCI, storages, containerId } = request;
      if (OCI?.Linux?.Namespaces.some(({ Type }) => Type === "pid"))
        throw new TtrpcError("internal", "EINVAL: the namespace pid is there twice");
      for (const storage of storages) {
        assertStorage(storage, containerId);
        storage.driverOptions = storage.driverOptions.filter(
          (text) => !/virtcontainers/.test(text),
        );
      }
      for (const { options } of OCI?.Mounts ?? [])
        if (options.some((text) => /virtcontainers/.test(text)))
          throw new TtrpcError("internal", `EINVAL: ${options}`);
      begin({ containerId, execId: "" }, OCI?.Process);
      await agent.createContainer(plain(request, OCI?.Process), within(context));
      return {};
    },
    execProcess: async (request, context) => {
      begin(request, request.process);
      await agent.execProcess(plain(request, request.process), within(context));
      return {};
    },
    startContainer: (request, context) => agent.startContainer(request, within(context)),
    removeContainer: (request, context) => agent.removeContainer(request, within(context)),
    updateContainer: (request, context) => agent.updateContainer(request, within(context)),
    statsContainer: (request, context) => agent.statsContainer(request, within(context)),
    pauseContainer: (request, context) => agent.pauseContainer(request, within(context)),
    resumeContainer: (request, context) => agent.resumeContainer(request, within(context)),
    signalProcess: (request, context) => agent.signalProcess(known(request), within(context)),
    waitProcess: async (request, context) => {
      const answer = await agent.waitProcess(known(request), within(context));
      states.set(key(request), "forgotten");
      return answer;
    },
    writeStdin: (request, context) => agent.writeStdin(known(request), within(context)),
    closeStdin: (request, context) => agent.closeStdin(known(request), within(context)),
    ttyWinResize: (request, context) => agent.ttyWinResize(known(request), within(context)),
    readStdout: async (request, context) =>
      ended(request, (await agent.readStdout(known(request), within(context))).data),
    readStderr: async (request, context) =>
      ended(request, (await agent.readStderr(known(request), within(context))).data),
    getGuestDetails: async (request, context) => {
      const { agentDetails, ...rest } = await agent.getGuestDetails(request, within(context));
      return {
        ...rest,
        ...(agentDetails && { agentDetails: { ...agentDetails, extraFeatures: [] } }),
      };
    },
    onlineCPUMem: (request, context) => agent.onlineCPUMem(request, within(context)),
    setGuestDateTime: (request, context) => agent.setGuestDateTime(request, within(context)),
    reseedRandomDev: (request, context) => agent.reseedRandomDev(request, within(context)),
    getOOMEvent: (request, context) => agent.getOOMEvent(request, within(context)),
    getMetrics: (request, context) => agent.getMetrics(request, within(context)),
    copyFile: (request, context) => agent.copyFile(request, within(context)),
  };
}

/** Without what the reference does not read; streams by ports are not its way either. */
function plain<R extends { stdinPort?: number | undefined; stdoutPort?: number | undefined }>(
  request: R,
  process: Process | undefined,
): R {
  if (request.stdinPort || request.stdoutPort)
    throw new TtrpcError("internal", `ENODEV: nobody listens at port ${request.stdinPort}`);
  if (process?.User) process.User.Username = "";
  return { ...request, stringUser: undefined };
}
