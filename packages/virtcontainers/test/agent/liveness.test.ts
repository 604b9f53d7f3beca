import { expect, test } from "vitest";
import { Sandbox, VirtContainers, type VirtError } from "../../src/index.ts";
import { type AgentFault, createTestInstance } from "../../src/testing/index.ts";
import { waiting } from "../support/sandbox.ts";

/** Gives no answer that has to be waited for: no promise, or only lets go. */
const waitsForNothing = [
  ...["annotations", "containers", "getContainer", "release", "images", "volumes", "networks"],
  ...["commands", "files", "sh"],
];
/** Iterables, whose own tests hold that they end. */
const iterables = ["exec", "logs", "monitor", "events", "egressLog", "followNetwork"];

const c1 = "c1";
const terminal = [c1, c1, 24, 80];
/** The arguments before the options; of a VirtContainers the sandbox's id stands before them. */
const onSandbox: Readonly<Record<string, unknown[]>> = {
  status: [],
  stats: [],
  setAnnotations: [{ a: "b" }],
  setEgress: [{ default: "deny" }],
  egressStatus: [],
  resize: [],
  setTimeout: [3_600_000],
  consoleTail: [1],
  metrics: [],
  guestVolumeStats: ["/"],
  resizeGuestVolume: ["/", 0],
  addInterface: [{ name: "eth9", hwAddr: "02:00:00:00:00:09" }],
  removeInterface: [{ name: "eth9", hwAddr: "02:00:00:00:00:09" }],
  connectNetwork: [{ name: "front" }],
  disconnectNetwork: ["front"],
  listInterfaces: [],
  updateRoutes: [[]],
  listRoutes: [],
  getIPTables: [false],
  setIPTables: [false, ""],
  diagnosticData: ["kind", c1],
  getOOMEvent: [],
  openConsole: [{}],
  copyTo: [c1, "/etc/hostname", "/tmp"],
  copyFrom: [c1, "/etc", "/nowhere/at/all"],
  importTar: [c1, "/tmp", []],
  exportTar: [c1, "/etc", () => {}],
  enterContainer: [c1, { args: ["true"] }],
  killContainer: [c1, 10, false],
  waitProcess: [c1, c1],
  signalProcess: [c1, c1, 10, false],
  winsizeProcess: terminal,
  ioStream: [c1, c1],
  setOutput: [c1, c1, "log"],
  createContainer: [{ ...waiting, id: "c2" }],
  startContainer: [c1],
  updateContainer: [c1, {}],
  pauseContainer: [c1],
  resumeContainer: [c1],
  statsContainer: [c1],
  processListContainer: [c1, {}],
  statusContainer: [c1],
  stopContainer: [c1],
  deleteContainer: [c1],
  cleanupContainer: [c1],
  pause: [],
  resume: [],
  start: [],
  stop: [],
  delete: [],
};
const config = { id: "sb2", containers: [waiting] };
const ofInstance: Readonly<Record<string, unknown[]>> = {
  createSandbox: [config],
  runSandbox: [config],
  createPod: [config],
  runPod: [config],
  listSandbox: [],
  listPod: [],
  reclaim: ["sb"],
  collectGarbage: [],
  trace: ["sb"],
};

function methodsOf(of: { prototype: object }): string[] {
  const names = new Set<string>();
  for (let at = of.prototype; at !== Object.prototype; at = Object.getPrototypeOf(at))
    for (const name of Object.getOwnPropertyNames(at)) names.add(name);
  names.delete("constructor");
  return [...names].filter((name) => ![...waitsForNothing, ...iterables].includes(name));
}

/** What a call of a VirtContainers is of a Sandbox: `stopSandbox` and `stopPod` are `stop`. */
function argumentsOf(name: string): unknown[] | undefined {
  if (Object.hasOwn(ofInstance, name)) return ofInstance[name];
  const verb = name.replace(/(Sandbox|Pod)$/, "");
  const args = ["fetch", "connect"].includes(verb) ? [] : (onSandbox[name] ?? onSandbox[verb]);
  return args && ["sb", ...args];
}

const limit = { timeoutMs: 150 };

/** How a call ended; one that never does fails the test by its time. */
async function endOf(of: object, name: string, args: unknown[]): Promise<string> {
  const method: unknown = Reflect.get(of, name);
  if (typeof method !== "function") throw new Error(`${name} is no method`);
  try {
    await Reflect.apply(method, of, [...args, limit]);
    return "done";
  } catch (error) {
    return (error as VirtError).code ?? String(error);
  }
}

const typed = /^(done|[A-Z_]+)$/;

test("every method of a Sandbox and a VirtContainers ends by its deadline, whatever the guest does", async () => {
  const faults: AgentFault[] = [];
  await using instance = await createTestInstance({ agent: { faults } });
  await using sandbox = await instance.vc.runSandbox({ id: "sb", containers: [waiting] });
  faults.push({ at: "*", does: { kind: "hang" } });
  const ends = new Map<string, string>();
  for (const name of methodsOf(VirtContainers)) {
    const args = argumentsOf(name);
    expect(args, `VirtContainers.${name} has its arguments in this test`).toBeDefined();
    if (/^(stop|delete|cleanup)/.test(name)) continue;
    ends.set(`VirtContainers.${name}`, await endOf(instance.vc, name, args ?? []));
  }
  for (const name of methodsOf(Sandbox).sort()) {
    const args = onSandbox[name];
    expect(args, `Sandbox.${name} has its arguments in this test`).toBeDefined();
    if (name !== "delete" && name !== "stop")
      ends.set(`Sandbox.${name}`, await endOf(sandbox, name, args ?? []));
  }
  for (const [name, end] of ends) expect(end, name).toMatch(typed);
  expect([...ends.values()].filter((end) => end === "TIMEOUT").length).toBeGreaterThan(20);
  faults.length = 0;
}, 120_000);
