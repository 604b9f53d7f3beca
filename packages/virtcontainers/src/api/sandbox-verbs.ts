import { type Container, containerView } from "../container/container.ts";
import { createContainer } from "../container/verbs/create.ts";
import { deleteContainer } from "../container/verbs/delete.ts";
import { enterContainer } from "../container/verbs/enter.ts";
import { ioStream } from "../container/verbs/io-stream.ts";
import { signalProcess } from "../container/verbs/kill.ts";
import { pauseContainer } from "../container/verbs/pause.ts";
import { processListContainer } from "../container/verbs/process-list.ts";
import { resumeContainer } from "../container/verbs/resume.ts";
import { setOutput } from "../container/verbs/set-output.ts";
import { startContainer } from "../container/verbs/start.ts";
import { statsContainer } from "../container/verbs/stats.ts";
import { statusContainer } from "../container/verbs/status.ts";
import { stopContainer } from "../container/verbs/stop.ts";
import { updateContainer } from "../container/verbs/update.ts";
import { waitProcess } from "../container/verbs/wait.ts";
import { winsizeProcess } from "../container/verbs/winsize.ts";
import { egressStatus, setEgress } from "../network/egress/verbs.ts";
import { connectNetwork } from "../network/verbs/connect.ts";
import { disconnectNetwork } from "../network/verbs/disconnect.ts";
import { listInterfaces, listRoutes, updateRoutes } from "../network/verbs/guest.ts";
import { addInterface, removeInterface } from "../network/verbs/interface.ts";
import { refresh } from "../operation/refresh.ts";
import type { Holding, Operation, Verb } from "../operation/run-verb.ts";
import { resizeSandbox } from "../resources/resize-sandbox.ts";
import { cleanupContainer } from "../sandbox/cleanup-container.ts";
import { openConsole } from "../sandbox/console.ts";
import * as guest from "../sandbox/guest.ts";
import { setTimeoutOf } from "../sandbox/lifetime.ts";
import { pauseSandbox } from "../sandbox/pause.ts";
import { resumeSandbox } from "../sandbox/resume.ts";
import { setAnnotations } from "../sandbox/set-annotations.ts";
import { startSandbox } from "../sandbox/start.ts";
import { statsSandbox } from "../sandbox/stats.ts";
import { statusSandbox } from "../sandbox/status.ts";
import { stopSandbox } from "../sandbox/stop.ts";
import type { StoredContainer } from "../store/schema.ts";
import { checkedCopy } from "../transfer/checked-copy.ts";
import type { BeforeOptions } from "./forms.ts";
import type { SandboxMethods } from "./sandbox-methods.ts";

const copies = () => import("../container/verbs/copy.ts");

/** How a method of a sandbox is done. */
interface SandboxVerb<Method extends (...args: never[]) => Promise<unknown>> {
  readonly holding: Holding;
  /** Default deadline in milliseconds, if another than that of all verbs; undefined: none. */
  readonly timeoutMs?: number | undefined;
  /** How many arguments stand before the options of the call. */
  readonly before: BeforeOptions<Method>;
  /** Checks the arguments, before anything is locked or asked. */
  readonly verb: (...args: Parameters<Method>) => Verb<Awaited<ReturnType<Method>>>;
}

/** Every method of a sandbox that is one verb under its lock. */
export const sandboxVerbs: {
  readonly [N in keyof SandboxMethods]: SandboxVerb<SandboxMethods[N]>;
} = {
  start: { holding: "exclusive", timeoutMs: 120_000, before: 0, verb: () => startSandbox },
  stop: {
    holding: "exclusive",
    before: 0,
    verb:
      ({ force = false } = {}) =>
      (held) =>
        stopSandbox(held, force),
  },
  pause: { holding: "exclusive", before: 0, verb: () => pauseSandbox },
  resume: { holding: "exclusive", before: 0, verb: () => resumeSandbox },
  setTimeout: { holding: "exclusive", before: 1, verb: setTimeoutOf },
  resize: { holding: "exclusive", before: 1, verb: (size) => (held) => resizeSandbox(held, size) },
  status: { holding: "shared", before: 0, verb: () => statusSandbox },
  stats: { holding: "shared", before: 0, verb: () => statsSandbox },
  setAnnotations: { holding: "exclusive", before: 1, verb: setAnnotations },
  setEgress: { holding: "exclusive", before: 1, verb: setEgress },
  egressStatus: { holding: "shared", before: 0, verb: () => egressStatus },
  consoleTail: { holding: "moment", before: 1, verb: (lines = 20) => guest.consoleTail(lines) },
  createContainer: {
    holding: "exclusive",
    before: 1,
    verb: (config) => async (held) =>
      containerView(held.sandbox.id, await createContainer(held, config)),
  },
  startContainer: { holding: "exclusive", before: 1, verb: (id) => changed(id, startContainer) },
  stopContainer: {
    holding: "exclusive",
    before: 1,
    verb: (id, { force = false } = {}) =>
      changed(id, async (held, container) => void (await stopContainer(held, container, force))),
  },
  deleteContainer: { holding: "exclusive", before: 1, verb: (id) => changed(id, deleteContainer) },
  updateContainer: {
    holding: "exclusive",
    before: 2,
    verb: (id, resources) =>
      changed(id, (held, container) => updateContainer(held, container, resources)),
  },
  pauseContainer: { holding: "exclusive", before: 1, verb: (id) => changed(id, pauseContainer) },
  resumeContainer: { holding: "exclusive", before: 1, verb: (id) => changed(id, resumeContainer) },
  cleanupContainer: {
    holding: "exclusive",
    before: 1,
    verb:
      (id, { force = false } = {}) =>
      (held) =>
        cleanupContainer(held, id, force),
  },
  statsContainer: {
    holding: "shared",
    before: 1,
    verb: (id) => (held) => statsContainer(held, id),
  },
  processListContainer: {
    holding: "shared",
    before: 2,
    verb: (id, list) => (held) => processListContainer(held, id, list),
  },
  statusContainer: {
    holding: "shared",
    before: 1,
    verb: (id) => (held) => statusContainer(held, id),
  },
  enterContainer: {
    holding: "shared",
    before: 2,
    verb: (id, cmd) => async (held) => {
      const process = await enterContainer(held, id, cmd);
      return { container: containerView(held.sandbox.id, held.container(id)), process };
    },
  },
  killContainer: {
    holding: "shared",
    before: 3,
    verb:
      (id, signal, all = false) =>
      (held) =>
        signalProcess(held, id, id, signal, all),
  },
  waitProcess: {
    holding: "moment",
    timeoutMs: undefined,
    before: 2,
    verb: (id, processId) => (held) => waitProcess(held, id, processId),
  },
  signalProcess: {
    holding: "shared",
    before: 4,
    verb:
      (id, processId, signal, all = false) =>
      (held) =>
        signalProcess(held, id, processId, signal, all),
  },
  winsizeProcess: { holding: "shared", before: 4, verb: winsizeProcess },
  ioStream: {
    holding: "moment",
    before: 2,
    verb: (id, processId, offsets = {}) => ioStream(id, processId, offsets),
  },
  setOutput: { holding: "shared", before: 3, verb: setOutput },
  metrics: { holding: "shared", before: 0, verb: () => guest.guestMetrics },
  guestVolumeStats: { holding: "shared", before: 1, verb: guest.guestVolumeStats },
  resizeGuestVolume: { holding: "shared", before: 2, verb: guest.resizeGuestVolume },
  getIPTables: { holding: "shared", before: 1, verb: guest.getIPTables },
  addInterface: { holding: "exclusive", before: 1, verb: addInterface },
  removeInterface: { holding: "exclusive", before: 1, verb: removeInterface },
  connectNetwork: { holding: "exclusive", before: 1, verb: connectNetwork },
  disconnectNetwork: {
    holding: "exclusive",
    before: 1,
    verb: (name, options = {}) => disconnectNetwork(name, options),
  },
  listInterfaces: { holding: "shared", before: 0, verb: () => listInterfaces },
  updateRoutes: { holding: "exclusive", before: 1, verb: updateRoutes },
  listRoutes: { holding: "shared", before: 0, verb: () => listRoutes },
  setIPTables: { holding: "shared", before: 2, verb: guest.setIPTables },
  diagnosticData: { holding: "shared", before: 2, verb: guest.diagnosticData },
  getOOMEvent: {
    holding: "moment",
    timeoutMs: undefined,
    before: 0,
    verb: () => guest.nextOOMEvent,
  },
  openConsole: {
    holding: "shared",
    before: 1,
    verb:
      (console = {}) =>
      (held) =>
        openConsole(held, console),
  },
  copyTo: {
    holding: "shared",
    timeoutMs: 600_000,
    before: 3,
    verb: (id, hostPath, guestPath, options = {}) => {
      const how = checkedCopy(options, { hostPath, guestPath });
      return async (held) => (await copies()).copyTo(held, id, hostPath, guestPath, how);
    },
  },
  copyFrom: {
    holding: "shared",
    timeoutMs: 600_000,
    before: 3,
    verb: (id, guestPath, hostPath, options = {}) => {
      const how = checkedCopy(options, { guestPath, hostPath });
      return async (held) => (await copies()).copyFrom(held, id, guestPath, hostPath, how);
    },
  },
  importTar: {
    holding: "shared",
    timeoutMs: 600_000,
    before: 3,
    verb: (id, guestPath, stream, options = {}) => {
      const how = checkedCopy(options, { guestPath });
      return async (held) => (await copies()).importTar(held, id, guestPath, stream, how);
    },
  },
  exportTar: {
    holding: "shared",
    timeoutMs: 600_000,
    before: 3,
    verb: (id, guestPath, write, options = {}) => {
      const how = checkedCopy(options, { guestPath });
      return async (held) => (await copies()).exportTar(held, id, guestPath, write, how);
    },
  },
};

/** A verb that changes one container, after a look at how it is now. */
function changed(
  containerId: string,
  verb: (operation: Operation, container: StoredContainer) => Promise<void>,
): Verb<Container> {
  return async (operation) => {
    await refresh(operation.context, operation.sandbox, operation.connection, operation.signal);
    const container = operation.container(containerId);
    await verb(operation, container);
    await operation.save();
    return containerView(operation.sandbox.id, container);
  };
}
