import { readFileSync, writeFileSync } from "node:fs";
import { watch } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { hookName } from "../../src/container/hooks.ts";
import { createHost } from "../../src/host/real.ts";
import type { ContainerConfig, OciSpec } from "../../src/index.ts";
import { LedgerFile } from "../../src/store/ledger-file.ts";
import type { LedgerRecord } from "../../src/store/record/record.ts";
import { createTestInstance, type TestInstance } from "../../src/testing/index.ts";
import { leftovers } from "../support/leftovers.ts";
import { refusal } from "../support/refusal.ts";
import { killVm } from "../support/sandbox.ts";
import { editStored, storedPath } from "../support/stored.ts";
import { runcSpec } from "./support/runc-spec.ts";

type Hooks = NonNullable<OciSpec["hooks"]>;

const warnings: string[] = [];
let instance: TestInstance;
let trace: string;

beforeEach(async () => {
  warnings.length = 0;
  const nothing = (): void => {};
  const warn = (_fields: object, message: string): void => void warnings.push(message);
  const logger = { debug: nothing, info: nothing, warn, error: nothing };
  instance = await createTestInstance({ logger });
  trace = join(instance.folder, "trace");
  writeFileSync(trace, "");
});
afterEach(async () => {
  await instance[Symbol.asyncDispose]();
});

/** A hook that runs a script with the name of its kind as $1. */
function hook(kind: string, script: string, more: object = {}) {
  return {
    path: "/bin/sh",
    args: ["sh", "-c", script, "sh", kind],
    env: [`TRACE=${trace}`],
    ...more,
  };
}

/** Appends the kind, its environment's size and the state that it reads. */
const tell = 'echo "$1 $(cat)" >> "$TRACE"';

function container(hooks: Hooks, id = "c1"): ContainerConfig {
  const spec = runcSpec();
  spec.process.terminal = false;
  return { id, image: "busybox", waits: true, customSpec: { ...spec, hooks } };
}

const all: Hooks = {
  get prestart() {
    return [hook("prestart", tell), hook("prestart", tell)];
  },
  get createRuntime() {
    return [hook("createRuntime", tell)];
  },
  get poststart() {
    return [hook("poststart", tell)];
  },
  get poststop() {
    return [hook("poststop", tell)];
  },
};

function told(): { kind: string; state: Record<string, unknown> }[] {
  const lines = readFileSync(trace, "utf8")
    .split("\n")
    .filter((line) => line !== "");
  return lines.map((line) => {
    const at = line.indexOf(" ");
    return { kind: line.slice(0, at), state: JSON.parse(line.slice(at)) };
  });
}

const kinds = (): string[] => told().map(({ kind }) => kind);

/** The VMM is a process of the ledger, too, and is to go on. */
const isHook = (record: LedgerRecord): boolean =>
  record.kind === "process" && record.name === hookName;

/** Tells the pids of two processes that go on. */
const sleepers = '/bin/sleep 600 & echo "pids [$$,$!]" >> "$TRACE"; /bin/sleep 600';

async function waitUntilGone(pids: object = []): Promise<void> {
  expect(Object.values(pids)).toHaveLength(2);
  const { processes } = createHost();
  for (const pid of Object.values(pids)) {
    const found = await processes.identify(Number(pid));
    if (found !== undefined) await processes.waitGone(found);
  }
}

/**
 * Runs a hook whose script tells two pids and lasts, until its time is up, and gives the error and the pids. On a
 * busy machine a hook may be killed before it came so far, so it is given more and more time.
 */
async function timedOut(script: string, create: (hooks: Hooks) => Promise<unknown>) {
  for (let timeout = 1; ; timeout *= 2) {
    const error = await refusal(create({ createRuntime: [hook("x", script, { timeout })] }));
    expect(error).toMatchObject({ code: "TIMEOUT", phase: "hook.createRuntime" });
    expect(error.message).toContain(`within its ${timeout} s, and was killed`);
    const [first] = told();
    if (first !== undefined) return first.state;
  }
}

test("each runs at its time, with the state on its input and the VM as its process", async () => {
  const config = { ...container(all), annotations: { who: "me" } };
  const sandbox = await instance.vc.createSandbox({ id: "sb", containers: [config] });
  expect(kinds()).toEqual(["prestart", "prestart", "createRuntime"]);
  const { vmm } = await sandbox.status();
  const common = { ociVersion: "1.2.0", id: "c1", annotations: { who: "me" } };
  expect(told()[0]?.state).toMatchObject({ ...common, status: "creating", pid: vmm?.pid });
  await sandbox.start();
  expect(told()[3]).toMatchObject({
    kind: "poststart",
    state: { ...common, status: "running", pid: vmm?.pid, bundle: expect.any(String) },
  });
  await sandbox.delete({ force: true });
  expect(told()[4]).toMatchObject({ kind: "poststop", state: { ...common, status: "stopped" } });
  expect(told()).toHaveLength(5);
});

test("a hook finds only its own environment and arguments", async () => {
  const script =
    'echo "env $(env | cut -d= -f1 | sort | tr "\\n" "," | sed "s/.*/\\"&\\"/")" >> "$TRACE"';
  const shown = hook("x", script, { env: [`TRACE=${trace}`, "PATH=/usr/bin:/bin", "A=b=c"] });
  const config = container({ prestart: [shown] });
  await using _sandbox = await instance.vc.runSandbox(
    { containers: [config] },
    { deleteOnDispose: true },
  );
  const names = String(told()[0]?.state).split(",");
  expect(names).toEqual(expect.arrayContaining(["A", "PATH", "TRACE"]));
  expect(names).not.toContain("HOME");
});

test.each(["prestart", "createRuntime"] as const)(
  "a %s that fails undoes the create, and what is owed is run",
  async (kind) => {
    const failing = { ...all, [kind]: [hook(kind, "echo no good >&2; exit 3")] };
    const error = await refusal(instance.vc.createSandbox({ containers: [container(failing)] }));
    expect(error).toMatchObject({
      code: "HOOK_FAILED",
      containerId: "c1",
      phase: `hook.${kind}`,
      field: `hooks.${kind}.0`,
    });
    expect(error.message).toContain("exit code 3: no good");
    expect(kinds().at(-1)).toBe("poststop");
    expect(await leftovers(instance.folder)).toEqual([]);
  },
);

test("one that takes longer than its time is killed, with all that it started", async () => {
  const create = (hooks: Hooks) => instance.vc.createSandbox({ containers: [container(hooks)] });
  await waitUntilGone(await timedOut(sleepers, create));
});

test("a poststart that fails stops the container", async () => {
  const failing = { ...all, poststart: [hook("poststart", "exit 1")] };
  const sandbox = await instance.vc.runSandbox({ id: "sb", containers: [container({}, "other")] });
  await sandbox.createContainer(container(failing));
  expect(await refusal(sandbox.startContainer("c1"))).toMatchObject({ code: "HOOK_FAILED" });
  expect(await sandbox.statusContainer("c1")).toMatchObject({ state: "stopped" });
  await sandbox.deleteContainer("c1");
  expect(kinds().at(-1)).toBe("poststop");
  await sandbox.delete({ force: true });
});

test("a poststop that fails hinders neither the delete nor the next hook", async () => {
  const failing = { poststop: [hook("poststop", "exit 1"), hook("poststop", tell)] };
  const sandbox = await instance.vc.runSandbox({ containers: [container(failing)] });
  await sandbox.delete({ force: true });
  expect(kinds()).toEqual(["poststop"]);
  expect(warnings).toContain("a poststop hook failed");
});

test("each life of a container has its own pair of hooks", async () => {
  const sandbox = await instance.vc.runSandbox({ id: "sb", containers: [container(all)] });
  await sandbox.stopContainer("c1");
  await sandbox.startContainer("c1");
  await killVm(instance, "sb");
  await sandbox.start();
  await sandbox.delete({ force: true });
  const life = ["prestart", "prestart", "createRuntime", "poststart", "poststop"];
  expect(kinds()).toEqual([...life, ...life, ...life]);
});

test("the ledger knows one that runs, and ends it with all that it started", async () => {
  await using sandbox = await instance.vc.runSandbox(
    { id: "sb", containers: [] },
    { deleteOnDispose: true },
  );
  const wrote = watch(trace)[Symbol.asyncIterator]().next();
  const hooks = { createRuntime: [hook("createRuntime", sleepers)] };
  const creating = refusal(sandbox.createContainer(container(hooks)));
  await wrote;
  const ledger = new LedgerFile(createHost(), storedPath(instance, "sb", "ledger"));
  await ledger.release(isHook);
  expect(await creating).toMatchObject({ code: "HOOK_FAILED", containerId: "c1" });
  await waitUntilGone(told()[0]?.state);
});

const leaves = (redirect: string) =>
  `/bin/sleep 600 ${redirect} & echo "pids [$$,$!]" >> "$TRACE"; exit 0`;

test("one that has ended and left its output to a child ends with it in time, also by the ledger", async () => {
  await using sandbox = await instance.vc.runSandbox(
    { id: "sb", containers: [] },
    { deleteOnDispose: true },
  );
  const create = (hooks: Hooks) => sandbox.createContainer(container(hooks));
  await waitUntilGone(await timedOut(leaves(""), create));

  const wrote = watch(trace)[Symbol.asyncIterator]().next();
  const endless = { createRuntime: [hook("createRuntime", leaves(""))] };
  const creating = sandbox.createContainer(container(endless));
  await wrote;
  const host = createHost();
  const [leader] = Object.values(told()[1]?.state ?? {});
  const known = await host.processes.identify(Number(leader));
  if (known !== undefined) await host.processes.waitGone(known);
  const ledger = new LedgerFile(host, storedPath(instance, "sb", "ledger"));
  await ledger.release(isHook);
  await waitUntilGone(told()[1]?.state);
  await creating;
});

test("what one starts as a program of its own, with its own output, goes on", async () => {
  await using sandbox = await instance.vc.runSandbox(
    { id: "sb", containers: [] },
    { deleteOnDispose: true },
  );
  const hooks = { createRuntime: [hook("createRuntime", leaves("> /dev/null 2>&1"))] };
  await sandbox.createContainer(container(hooks));
  const { processes } = createHost();
  const [, child] = Object.values(told()[0]?.state ?? {});
  const found = await processes.identify(Number(child));
  if (found === undefined) throw new Error("it was killed");
  await processes.signal(found, "SIGKILL");
});

test("one whose runner was killed is ended by a reclaim, and the sandbox stays", async () => {
  const host = createHost();
  await using sandbox = await instance.vc.runSandbox(
    { id: "sb", containers: [] },
    { deleteOnDispose: true },
  );
  const wrote = watch(trace)[Symbol.asyncIterator]().next();
  const { pid, startTime } = await host.processes.spawnDetached({
    path: "/bin/sh",
    args: ["-c", sleepers],
    cwd: "/",
    env: { TRACE: trace },
    outputPath: join(instance.folder, "out"),
  });
  await wrote;
  const ledger = new LedgerFile(host, storedPath(instance, "sb", "ledger"));
  const record = { kind: "process", name: "hook", marker: "of-no-process", group: true } as const;
  await ledger.take({ ...record, pid, startTime }, async () => {});
  expect(await instance.vc.collectGarbage()).toMatchObject([
    { kind: "process", name: "hook", sandboxId: "sb" },
  ]);
  await waitUntilGone(told()[0]?.state);
  expect(await sandbox.status()).toMatchObject({ state: "running" });
});

test("what a killed process owes is run by a reclaim", async () => {
  const sandbox = await instance.vc.runSandbox({ id: "sb", containers: [container(all)] });
  await sandbox.release();
  editStored(instance, "sb", (stored) => {
    stored.state = "creating";
  });
  expect(await instance.vc.reclaim("sb")).toEqual(["sb"]);
  expect(kinds().at(-1)).toBe("poststop");
});
