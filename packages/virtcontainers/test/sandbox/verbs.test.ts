import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { isVirtError, Sandbox, VirtContainers } from "../../src/index.ts";
import { createTestInstance, type TestInstance } from "../../src/testing/index.ts";
import { refusal } from "../support/refusal.ts";
import { type Situation, sandboxIn } from "../support/sandbox.ts";

/** What an operation does: the state that the sandbox is in afterwards, `gone`, or the code of its error. */
type Outcome = string;

interface Verb {
  run: (vc: VirtContainers, id: string) => Promise<unknown>;
  outcomes: Record<Situation, Outcome>;
}

const same = {
  creating: "creating",
  ready: "ready",
  running: "running",
  paused: "paused",
  stopped: "stopped",
  dead: "stopped",
} as const;
const refused = {
  creating: "INVALID_STATE",
  ready: "INVALID_STATE",
  running: "INVALID_STATE",
  paused: "INVALID_STATE",
  stopped: "INVALID_STATE",
  dead: "INVALID_STATE",
} as const;

/** Of an operation that asks the guest. */
const refusedByGuest = { ...refused, dead: "SANDBOX_DEAD" } as const;

/** Of an operation that makes a sandbox of the same id. */
const taken = {
  creating: "ALREADY_EXISTS",
  ready: "ALREADY_EXISTS",
  running: "ALREADY_EXISTS",
  paused: "ALREADY_EXISTS",
  stopped: "ALREADY_EXISTS",
  dead: "ALREADY_EXISTS",
} as const;

const extra = { id: "c2", image: "busybox", waits: true } as const;
/** Of an operation on the network namespace, or on the egress policy, of a sandbox that has none. */
const noNetwork = {
  ...refused,
  ready: "NOT_SUPPORTED",
  running: "NOT_SUPPORTED",
  dead: "NOT_SUPPORTED",
} as const;
const inNone = {
  ...refused,
  ready: "NETWORK_NOT_FOUND",
  running: "NETWORK_NOT_FOUND",
  stopped: "NETWORK_NOT_FOUND",
  dead: "NETWORK_NOT_FOUND",
} as const;
const eth9 = { name: "eth9", hwAddr: "02:00:00:00:00:09" } as const;
const sh = { args: ["true"] };

async function withSandbox(
  vc: VirtContainers,
  id: string,
  work: (sandbox: Sandbox) => Promise<unknown>,
): Promise<void> {
  await using sandbox = await vc.fetchSandbox(id);
  await work(sandbox);
}

const verbs: Record<string, Verb> = {
  startSandbox: {
    run: (vc, id) => vc.startSandbox(id).then((sandbox) => sandbox.release()),
    outcomes: { ...refused, ready: "running", stopped: "running", dead: "running" },
  },
  stopSandbox: {
    run: (vc, id) => vc.stopSandbox(id).then((sandbox) => sandbox.release()),
    outcomes: {
      creating: "stopped",
      ready: "stopped",
      running: "stopped",
      paused: "stopped",
      stopped: "stopped",
      dead: "stopped",
    },
  },
  "stopSandbox with force": {
    run: (vc, id) => vc.stopSandbox(id, { force: true }).then((sandbox) => sandbox.release()),
    outcomes: {
      creating: "stopped",
      ready: "stopped",
      running: "stopped",
      paused: "stopped",
      stopped: "stopped",
      dead: "stopped",
    },
  },
  deleteSandbox: {
    run: (vc, id) => vc.deleteSandbox(id),
    outcomes: {
      creating: "gone",
      ready: "gone",
      running: "INVALID_STATE",
      paused: "gone",
      stopped: "gone",
      dead: "gone",
    },
  },
  "deleteSandbox with force": {
    run: (vc, id) => vc.deleteSandbox(id, { force: true }),
    outcomes: {
      creating: "gone",
      ready: "gone",
      running: "gone",
      paused: "gone",
      stopped: "gone",
      dead: "gone",
    },
  },
  fetchSandbox: {
    run: (vc, id) => vc.fetchSandbox(id).then((sandbox) => sandbox.release()),
    outcomes: same,
  },
  connectSandbox: {
    run: (vc, id) => vc.connectSandbox(id).then((sandbox) => sandbox.release()),
    outcomes: {
      creating: "INVALID_STATE",
      ready: "ready",
      running: "running",
      paused: "running",
      stopped: "SANDBOX_DEAD",
      dead: "SANDBOX_DEAD",
    },
  },
  "Sandbox.commands.start": {
    run: (vc, id) => withSandbox(vc, id, ({ commands }) => commands.start(["true"])),
    outcomes: { ...refusedByGuest, running: "running" },
  },
  "Sandbox.commands.list": {
    run: (vc, id) => withSandbox(vc, id, ({ commands }) => commands.list()),
    outcomes: { ...refusedByGuest, ready: "ready", running: "running" },
  },
  "Sandbox.commands.connect": {
    run: (vc, id) => withSandbox(vc, id, ({ commands }) => commands.connect("0123")),
    outcomes: { ...refusedByGuest, ready: "PROCESS_NOT_FOUND", running: "PROCESS_NOT_FOUND" },
  },
  "Sandbox.files.write": {
    run: (vc, id) => withSandbox(vc, id, ({ files }) => files.write("/written", "text")),
    outcomes: { ...refusedByGuest, ready: "ready", running: "running" },
  },
  "Sandbox.files.stat": {
    run: (vc, id) => withSandbox(vc, id, ({ files }) => files.stat("/etc")),
    outcomes: { ...refusedByGuest, ready: "ready", running: "running" },
  },
  "Sandbox.files.remove": {
    run: (vc, id) => withSandbox(vc, id, ({ files }) => files.remove("/none")),
    outcomes: { ...refusedByGuest, ready: "FILE_NOT_FOUND", running: "FILE_NOT_FOUND" },
  },
  statusSandbox: { run: (vc, id) => vc.statusSandbox(id), outcomes: same },
  listSandbox: { run: (vc) => vc.listSandbox(), outcomes: same },
  "reclaim of one": {
    run: (vc, id) => vc.reclaim(id),
    outcomes: { ...same, creating: "gone" },
  },
  createContainer: {
    run: (vc, id) => vc.createContainer(id, extra).then(({ sandbox }) => sandbox.release()),
    outcomes: { ...refusedByGuest, ready: "ready", running: "running" },
  },
  startContainer: {
    run: async (vc, id) => {
      const { state } = await vc.statusSandbox(id);
      if (state === "running") await (await vc.createContainer(id, extra)).sandbox.release();
      await vc.startContainer(id, state === "running" ? "c2" : "c1");
    },
    outcomes: { ...refused, running: "running" },
  },
  stopContainer: {
    run: (vc, id) => vc.stopContainer(id, "c1"),
    outcomes: {
      ...refused,
      ready: "ready",
      running: "running",
      stopped: "stopped",
      dead: "stopped",
    },
  },
  deleteContainer: {
    run: async (vc, id) => {
      const { containersStatus } = await vc.statusSandbox(id);
      if (containersStatus[0]?.state === "running") await vc.stopContainer(id, "c1");
      await vc.deleteContainer(id, "c1");
    },
    outcomes: {
      ...refused,
      ready: "ready",
      running: "running",
      stopped: "stopped",
      dead: "stopped",
    },
  },
  enterContainer: {
    run: (vc, id) => vc.enterContainer(id, "c1", sh).then(({ sandbox }) => sandbox.release()),
    outcomes: { ...refusedByGuest, running: "running" },
  },
  killContainer: {
    run: (vc, id) => vc.killContainer(id, "c1", "SIGUSR1"),
    outcomes: { ...refusedByGuest, ready: "ready", running: "running" },
  },
  "killContainer of all processes": {
    run: (vc, id) => vc.killContainer(id, "c1", "SIGKILL", true),
    outcomes: { ...refusedByGuest, ready: "ready", running: "running" },
  },
  signalProcess: {
    run: (vc, id) => vc.signalProcess(id, "c1", "c1", "SIGUSR1"),
    outcomes: { ...refusedByGuest, ready: "ready", running: "running" },
  },
  statusContainer: { run: (vc, id) => vc.statusContainer(id, "c1"), outcomes: same },
  winsizeProcess: {
    run: (vc, id) => onTerminal(vc, id, (token) => vc.winsizeProcess(id, "c1", token, 24, 80)),
    outcomes: { ...refusedByGuest, ready: "AGENT_ERROR", running: "running" },
  },
  ioStream: {
    run: async (vc, id) => {
      const io = await vc.ioStream(id, "c1", "c1");
      io.stdout.destroy();
      io.stderr.destroy();
    },
    outcomes: { ...refusedByGuest, ready: "ready", running: "running" },
  },
  waitProcess: {
    run: async (vc, id) => {
      const leave = new AbortController();
      const waited = vc.waitProcess(id, "c1", "c1", { signal: leave.signal });
      waited.catch(() => {});
      const { state } = await vc.statusSandbox(id);
      if (state === "running" || state === "ready") await vc.killContainer(id, "c1", "SIGKILL");
      if (state === "paused") leave.abort();
      await waited.catch((error: unknown) => {
        if (!isVirtError(error, "CANCELED")) throw error;
      });
    },
    outcomes: {
      ...refused,
      ready: "ready",
      running: "running",
      paused: "paused",
      stopped: "stopped",
      dead: "stopped",
    },
  },
  setTimeout: asking((vc, id) => vc.setTimeout(id, 3_600_000)),
  setOutput: asking((vc, id) => vc.setOutput(id, "c1", "c1", "discard")),
  pauseSandbox: {
    run: (vc, id) => vc.pauseSandbox(id).then((sandbox) => sandbox.release()),
    outcomes: { ...refused, running: "paused" },
  },
  resumeSandbox: {
    run: (vc, id) => vc.resumeSandbox(id).then((sandbox) => sandbox.release()),
    outcomes: { ...refused, paused: "running" },
  },
  pauseContainer: {
    run: (vc, id) => vc.pauseContainer(id, "c1"),
    outcomes: { ...refused, running: "running" },
  },
  resumeContainer: {
    run: async (vc, id) => {
      if ((await vc.statusSandbox(id)).state === "running") await vc.pauseContainer(id, "c1");
      await vc.resumeContainer(id, "c1");
    },
    outcomes: { ...refused, running: "running" },
  },
  cleanupContainer: {
    run: (vc, id) => vc.cleanupContainer(id, "c1"),
    outcomes: { ...refused, ready: "gone", running: "gone", stopped: "gone", dead: "gone" },
  },
  "cleanupContainer with force": {
    run: (vc, id) => vc.cleanupContainer(id, "c1", { force: true }),
    outcomes: {
      creating: "gone",
      ready: "gone",
      running: "gone",
      paused: "gone",
      stopped: "gone",
      dead: "gone",
    },
  },
  statsContainer: {
    run: (vc, id) => vc.statsContainer(id, "c1"),
    outcomes: { ...refusedByGuest, running: "running" },
  },
  processListContainer: {
    run: (vc, id) => vc.processListContainer(id, "c1", { format: "json" }),
    outcomes: { ...refusedByGuest, running: "running" },
  },
  statsSandbox: {
    run: (vc, id) => vc.statsSandbox(id),
    outcomes: { ...refusedByGuest, running: "running" },
  },
  metrics: asking((vc, id) => vc.metrics(id)),
  guestVolumeStats: asking((vc, id) => vc.guestVolumeStats(id, "/run")),
  resizeGuestVolume: asking((vc, id) => vc.resizeGuestVolume(id, "/run", 1024)),
  addInterface: {
    run: (vc, id) => vc.addInterface(id, eth9),
    outcomes: noNetwork,
  },
  removeInterface: {
    run: (vc, id) => vc.removeInterface(id, eth9),
    outcomes: noNetwork,
  },
  connectNetwork: {
    run: (vc, id) => vc.connectNetwork(id, { name: "no-such-network" }),
    outcomes: inNone,
  },
  disconnectNetwork: {
    run: (vc, id) => vc.disconnectNetwork(id, "no-such-network"),
    outcomes: inNone,
  },
  setEgress: { run: (vc, id) => vc.setEgress(id, { default: "deny" }), outcomes: noNetwork },
  egressStatus: { run: (vc, id) => vc.egressStatus(id), outcomes: noNetwork },
  followNetwork: {
    run: async (vc, id) => {
      for await (const change of vc.followNetwork(id)) throw new Error(JSON.stringify(change));
    },
    outcomes: noNetwork,
  },
  egressLog: {
    run: async (vc, id) => {
      for await (const decision of vc.egressLog(id)) throw new Error(JSON.stringify(decision));
    },
    outcomes: same,
  },
  listInterfaces: asking((vc, id) => vc.listInterfaces(id)),
  updateRoutes: asking((vc, id) => vc.updateRoutes(id, [])),
  listRoutes: asking((vc, id) => vc.listRoutes(id)),
  getIPTables: asking((vc, id) => vc.getIPTables(id, false)),
  setIPTables: asking((vc, id) => vc.setIPTables(id, false, "*filter\nCOMMIT\n")),
  diagnosticData: {
    ...asking((vc, id) => vc.diagnosticData(id, "no-such-kind", "c1")),
    outcomes: { ...refusedByGuest, ready: "INVALID_ARGUMENT", running: "INVALID_ARGUMENT" },
  },
  getOOMEvent: asking(async (vc, id) => {
    const leave = new AbortController();
    const event = vc.getOOMEvent(id, { signal: leave.signal });
    event.catch(() => {});
    const { state } = await vc.statusSandbox(id);
    if (state === "running" || state === "ready") leave.abort();
    await event.catch((error: unknown) => {
      if (!isVirtError(error, "CANCELED")) throw error;
    });
  }),
  updateContainer: {
    run: (vc, id) => vc.updateContainer(id, "c1", { pids: { limit: 100 } }),
    outcomes: { ...refused, ready: "ready", running: "running" },
  },
  resizeSandbox: {
    run: (vc, id) => vc.resizeSandbox(id, { cpus: 1 }),
    outcomes: { ...refused, ready: "ready", running: "running" },
  },
  monitor: {
    run: async (vc, id) => {
      const leave = new AbortController();
      const watching = vc.monitor(id, { signal: leave.signal }).next();
      watching.catch(() => {});
      const { state } = await vc.statusSandbox(id);
      if (state !== "stopped" && state !== "creating") leave.abort();
      await watching.catch((error: unknown) => {
        if (!isVirtError(error, "CANCELED")) throw error;
      });
    },
    outcomes: {
      ...refused,
      ready: "ready",
      running: "running",
      paused: "paused",
      dead: "stopped",
    },
  },
  setAnnotations: {
    run: (vc, id) => vc.setAnnotations(id, { colour: "green" }),
    outcomes: same,
  },
  release: on((sandbox) => sandbox.release(), same),
  containers: on(async (sandbox) => sandbox.containers(), same),
  getContainer: on(async (sandbox) => sandbox.getContainer("c1"), same),
  logs: { run: (vc, id) => readAll(vc.logs(id, "c1")), outcomes: same },
  consoleTail: {
    run: (vc, id) => vc.consoleTail(id),
    outcomes: { ...same, stopped: "INVALID_STATE", dead: "SANDBOX_DEAD" },
  },
  exec: on((sandbox) => sandbox.exec(["true"], { container: "c1" }), {
    ...refusedByGuest,
    running: "running",
  }),
  openConsole: asking((vc, id) => vc.openConsole(id)),
  copyTo: asking((vc, id) => vc.copyTo(id, "c1", "/etc/hostname", "/copied")),
  copyFrom: asking((vc, id) =>
    vc.copyFrom(id, "c1", "/etc/passwd", join(instance.folder, "copied")),
  ),
  importTar: asking((vc, id) => vc.importTar(id, "c1", "/", emptyTar())),
  exportTar: asking((vc, id) => vc.exportTar(id, "c1", "/", () => {})),
  trace: { run: (vc, id) => vc.trace(id), outcomes: same },
  events: {
    run: (vc, id) => readAll(vc.events({ sandboxId: id, since: new Date(0), until: new Date() })),
    outcomes: same,
  },
  collectGarbage: { run: (vc) => vc.collectGarbage(), outcomes: { ...same, creating: "gone" } },
  createSandbox: { run: (vc, id) => vc.createSandbox({ id }), outcomes: taken },
  runSandbox: { run: (vc, id) => vc.runSandbox({ id, containers: [] }), outcomes: taken },
};

/** An operation on a fetched sandbox. */
function on(work: (sandbox: Sandbox) => PromiseLike<unknown>, outcomes: Verb["outcomes"]): Verb {
  return {
    run: async (vc, id) => {
      await using sandbox = await vc.fetchSandbox(id);
      await work(sandbox);
    },
    outcomes,
  };
}

/** One that asks the guest and changes nothing of the sandbox's state. */
function asking(run: Verb["run"]): Verb {
  return { run, outcomes: { ...refusedByGuest, ready: "ready", running: "running" } };
}

async function readAll(entries: AsyncIterable<unknown>): Promise<void> {
  for await (const _entry of entries);
}

async function* emptyTar(): AsyncGenerator<Uint8Array> {
  yield new Uint8Array(1024);
}

/** Does something with a process that has a terminal, where one can be started. */
async function onTerminal(
  vc: VirtContainers,
  id: string,
  act: (token: string) => Promise<void>,
): Promise<void> {
  const cmd = { args: ["sleep", "infinity"], terminal: true };
  const entered = await vc.enterContainer(id, "c1", cmd).catch((error: unknown) => {
    if (isVirtError(error, "INVALID_STATE")) return undefined;
    throw error;
  });
  await entered?.sandbox.release();
  await act(entered?.process.token ?? "c1");
}

/** They take no id, or one that nobody has yet. */
const unnamed = [
  ...["listSandbox", "reclaim of one", "collectGarbage", "events"],
  ...["createSandbox", "runSandbox"],
];

/** The public methods of a class and of those it extends. */
function methodsOf(prototype: object): string[] {
  const found: string[] = [];
  let level: unknown = prototype;
  while (level instanceof Object && level !== Object.prototype) {
    for (const [name, { value }] of Object.entries(Object.getOwnPropertyDescriptors(level)))
      if (typeof value === "function" && name !== "constructor") found.push(name);
    level = Object.getPrototypeOf(level);
  }
  return [...new Set(found)];
}

test("every public method is in the table, by its name of now", () => {
  const rows = new Set(Object.keys(verbs).map((name) => name.split(" ")[0]));
  const names = [
    ...methodsOf(VirtContainers.prototype).map((name) => name.replace(/Pod$/, "Sandbox")),
    ...methodsOf(Sandbox.prototype).map((name) => (rows.has(name) ? name : `${name}Sandbox`)),
  ];
  expect(names.length).toBeGreaterThan(70);
  expect(names.filter((name) => !rows.has(name))).toEqual([]);
});

let instance: TestInstance;
beforeAll(async () => {
  instance = await createTestInstance();
});
afterAll(() => instance[Symbol.asyncDispose]());

describe.each(Object.entries(verbs))("%s", (name, { run, outcomes }) => {
  const cases = Object.entries(outcomes) as [Situation, Outcome][];
  test.each(cases)("of a sandbox that is %s: %s", async (situation, outcome) => {
    const { vc } = instance;
    const id = await sandboxIn(instance, situation, `${name.replaceAll(" ", "-")}.${situation}`);
    if (/^[A-Z_]+$/.test(outcome)) {
      const error = await refusal(run(vc, id));
      expect(error.code).toBe(outcome);
      if (outcome === "INVALID_STATE") {
        const now = same[situation];
        expect(error.message).toMatch(
          new RegExp(`is ${now}, and must be |is ${now}; it can't become |is ${now} and has no VM`),
        );
      }
      expect((await vc.statusSandbox(id)).state).toBe(same[situation]);
    } else {
      await run(vc, id);
      const found = (await vc.listSandbox()).find((status) => status.id === id);
      expect(found?.state ?? "gone").toBe(outcome);
    }
    await vc.deleteSandbox(id, { force: true }).catch(() => {});
  });

  if (unnamed.includes(name)) return;
  test("of a sandbox that does not exist", async () => {
    expect(await refusal(run(instance.vc, "nobody"))).toMatchObject({
      code: "SANDBOX_NOT_FOUND",
      sandboxId: "nobody",
    });
  });

  test.each(["../x", "a/b", "", "x", "-rf", "a\u0000b", "x".repeat(300)])(
    "of an id that can't be: %j",
    async (id) => {
      expect((await refusal(run(instance.vc, id))).code).toBe("INVALID_ARGUMENT");
    },
  );
});
