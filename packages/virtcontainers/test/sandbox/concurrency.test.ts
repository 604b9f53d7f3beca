import { appendFileSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, test } from "vitest";
import { createFaultyHost } from "../../src/host/faulty.ts";
import type { Host, Lock } from "../../src/host/host.ts";
import { createHost } from "../../src/host/real.ts";
import { LedgerFile } from "../../src/store/ledger-file.ts";
import { Store } from "../../src/store/store.ts";
import {
  type AgentFault,
  createTestInstance,
  type MockFailure,
  type TestInstance,
} from "../../src/testing/index.ts";
import { gate } from "../support/gate.ts";
import { leftovers } from "../support/leftovers.ts";
import { refusal } from "../support/refusal.ts";
import { killVm, waiting } from "../support/sandbox.ts";
import { editStored, storedPath } from "../support/stored.ts";

const config = { id: "sb", containers: [waiting] };
const sleeps = ["sleep", "1000"];

/** A host on which no process is seen to have ended before it is opened. */
function slowToDie(): { host: Host; open: () => void } {
  const { passed, open } = gate();
  const real = createHost();
  const processes: Host["processes"] = {
    ...real.processes,
    waitGone: async (process, signal) => {
      await passed;
      await real.processes.waitGone(process, signal);
    },
  };
  return { host: { ...real, processes }, open };
}

function journal(folder: string): string {
  const path = join(folder, "state", "events");
  const names = existsSync(path) ? readdirSync(path).filter((name) => name !== "lock") : [];
  return names.map((name) => readFileSync(join(path, name), "utf8")).join("");
}

/** The commands that run in the guest beside the container's first process. */
function commands(instance: TestInstance): string[] {
  const execs = instance.agent("sb").containers.get("c1")?.execs.values() ?? [];
  return [...execs].filter((p) => p.exitCode === undefined).map((p) => p.argv.join(" "));
}

describe("work that goes on after its deadline", () => {
  test("holds the sandbox until it has ended", async () => {
    const failures: { stop?: MockFailure } = {};
    await using instance = await createTestInstance({ failures });
    await using sandbox = await instance.vc.runSandbox(config);
    const { passed, open } = gate();
    const { passed: begun, open: begin } = gate();
    failures.stop = () => {
      begin();
      return passed;
    };
    const controller = new AbortController();
    const stopped = refusal(sandbox.stop({ signal: controller.signal, force: true }));
    await begun;
    controller.abort();
    expect((await stopped).code).toBe("CANCELED");
    const other = instance.another();
    const early = await refusal(other.setAnnotations("sb", { a: "1" }, { timeoutMs: 50 }));
    expect(early.code).toBe("TIMEOUT");
    open();
    await other.setAnnotations("sb", { a: "2" });
    const { state, annotations } = await other.statusSandbox("sb");
    expect({ state, annotations }).toEqual({ state: "stopped", annotations: { a: "2" } });
  });

  test("does not keep the caller of a create whose undoing hangs", async () => {
    const { host, open } = slowToDie();
    const controller = new AbortController();
    const started = (signal: AbortSignal | undefined): Promise<void> => {
      controller.abort();
      return aborted(signal);
    };
    const failures = { started };
    await using instance = await createTestInstance({ host, failures });
    const create = instance.vc.createSandbox(config, { signal: controller.signal });
    expect((await refusal(create)).code).toBe("CANCELED");
    expect(existsSync(storedPath(instance, "sb", "lock"))).toBe(true);
    open();
    expect((await refusal(instance.vc.stopSandbox("sb"))).code).toBe("SANDBOX_NOT_FOUND");
    expect(await leftovers(instance.folder)).toEqual([]);
  });

  test("does not keep the caller of a garbage collection whose release hangs", async () => {
    const { host, open } = slowToDie();
    await using instance = await createTestInstance({ host });
    await using _sandbox = await instance.vc.runSandbox(config);
    editStored(instance, "sb", (stored) => {
      stored.state = "creating";
    });
    const collection = instance.vc.collectGarbage({ timeoutMs: 300 });
    expect((await refusal(collection)).code).toBe("TIMEOUT");
    expect(existsSync(storedPath(instance, "sb", "lock"))).toBe(true);
    open();
    expect((await refusal(instance.vc.stopSandbox("sb"))).code).toBe("SANDBOX_NOT_FOUND");
    expect(await leftovers(instance.folder)).toEqual([]);
  });

  test("changes nothing any more once the sandbox is given up", async () => {
    await using instance = await createTestInstance();
    await using _sandbox = await instance.vc.runSandbox(config);
    const store = new Store(createHost(), join(instance.folder, "state"));
    const hold = await store.lock("sb", "exclusive");
    const held = store.under(hold);
    const stored = await held.read("sb");
    await held.write(stored);
    hold.release();
    expect((await refusal(held.write(stored))).code).toBe("BUSY");
    expect((await refusal(held.remove("sb"))).code).toBe("BUSY");
    const ledger = held.ledger("sb");
    const before = ledger.entries();
    await ledger.releaseAll().catch(() => {});
    const taken = ledger.take(
      { kind: "file", path: storedPath(instance, "sb", "x") },
      async () => {},
    );
    expect((await refusal(taken)).code).toBe("BUSY");
    const path = storedPath(instance, "sb", "ledger");
    expect(new LedgerFile(createHost(), path).entries()).toEqual(before);
    expect((await instance.vc.statusSandbox("sb")).state).toBe("running");
  });
});

test("a state that was written meanwhile is not overwritten, nor that of another sandbox of the id", async () => {
  await using instance = await createTestInstance();
  await using sandbox = await instance.vc.createSandbox(config);
  const store = new Store(createHost(), join(instance.folder, "state"));
  const seen = await store.read("sb");
  await sandbox.setAnnotations({ a: "1" });
  expect((await refusal(store.write(seen))).code).toBe("BUSY");
  const last = await store.read("sb");
  editStored(instance, "sb", (stored) => {
    stored.token = "0".repeat(32);
  });
  expect((await refusal(store.write(last))).code).toBe("BUSY");
  expect((await store.read("sb")).config.annotations).toEqual({ a: "1" });
});

test("the folder of a sandbox has its lock before its name, and is told deleted before the name is free", async () => {
  const wrong: string[] = [];
  let folder = "";
  let made = false;
  const host = createFaultyHost(createHost(), [], (at) => {
    const path = join(folder, "state", "sbs", "sb");
    const there = folder !== "" && existsSync(path);
    if (there && !existsSync(join(path, "lock"))) wrong.push(`${at}: no lock`);
    made ||= there;
    const isGoing = there && at === "failpoint:store.remove.before";
    if (isGoing && !readFileSync(join(path, "sandbox.json"), "utf8").includes('"deleting":true'))
      wrong.push(`${at}: whoever finds it takes it for a sandbox`);
    if (made && !there && !journal(folder).includes('"type":"deleted","sandboxId":"sb"'))
      wrong.push(`${at}: not told`);
  });
  await using instance = await createTestInstance({ host });
  folder = instance.folder;
  const sandbox = await instance.vc.createSandbox(config);
  await sandbox.delete();
  expect(made).toBe(true);
  expect(wrong).toEqual([]);
});

test("the folder of a sandbox that goes gives its name up in one step, and another may have it before it is gone", async () => {
  let made: Promise<unknown> | undefined;
  let another: TestInstance["vc"] | undefined;
  const host = createFaultyHost(createHost(), [], (at) => {
    if (at === "failpoint:store.remove.aside") made ??= another?.createSandbox(config);
  });
  await using instance = await createTestInstance({ host });
  another = instance.another();
  const sandbox = await instance.vc.createSandbox(config);
  await sandbox.delete();
  expect(made).toBeDefined();
  await made;
  expect((await instance.vc.statusSandbox("sb")).state).toBe("ready");
  await instance.vc.deleteSandbox("sb", { force: true });
});

test("an id that is taken in the last moment is told as taken, though others look into what is given up", async () => {
  let looking = true;
  const look = (staged: string): void => {
    if (!looking) return;
    for (const name of existsSync(staged) ? readdirSync(staged) : []) {
      try {
        appendFileSync(join(staged, name, "lock"), "");
      } catch {
        // It is gone already.
      }
    }
    setImmediate(look, staged);
  };
  let folder = "";
  const host = createFaultyHost(createHost(), [], (at) => {
    if (at !== "failpoint:store.create.made") return;
    mkdirSync(join(folder, "state", "sbs", "sb", "vm"), { recursive: true });
    look(join(folder, "state", "staged"));
  });
  await using instance = await createTestInstance({ host });
  folder = instance.folder;
  for (let n = 0; n < 20; n++) {
    const error = await refusal(instance.vc.createSandbox(config));
    expect(error.code).toBe("ALREADY_EXISTS");
    rmSync(storedPath(instance, "sb"), { recursive: true, force: true });
  }
  looking = false;
});

test("a forced delete that meets a create of the same id leaves it alone, or tells of its end", async () => {
  const wrong: string[] = [];
  for (const at of ["store.create.before", "store.create.staged", "store.create.made"]) {
    let folder = "";
    let removal: Promise<unknown> | undefined;
    let another: TestInstance["vc"] | undefined;
    const host = createFaultyHost(createHost(), [], (point) => {
      if (point !== `failpoint:${at}` || removal !== undefined) return;
      removal = Promise.allSettled([
        another?.deleteSandbox("sb", { force: true }),
        another?.collectGarbage(),
      ]);
    });
    await using instance = await createTestInstance({ host });
    folder = instance.folder;
    another = instance.another();
    await instance.vc
      .createSandbox(config)
      .catch((error: unknown) => wrong.push(`${at}: ${error}`));
    await removal;
    const text = journal(folder);
    if (!existsSync(storedPath(instance, "sb")) && !text.includes('"type":"deleted","sandboxId"'))
      wrong.push(`${at}: it is gone, and nobody was told`);
  }
  expect(wrong).toEqual([]);
});

test("a forced delete that finds a whole sandbox where it had found none spares its disks", async () => {
  const real = createHost();
  let meet: (() => Promise<unknown>) | undefined;
  const locks: Host["locks"] = {
    ...real.locks,
    acquire: async (path, mode, options) => {
      const make = path.endsWith("/sbs/sb/lock") ? meet : undefined;
      if (make === undefined) return await real.locks.acquire(path, mode, options);
      meet = undefined;
      await make();
      return undefined;
    },
  };
  await using instance = await createTestInstance({ host: { ...real, locks } });
  await instance.vc.volumes.create({ name: "disk", driver: "ext4", sizeMiB: 16 });
  const mounts = [{ type: "volume", source: "disk", destination: "/data" } as const];
  meet = () => instance.another().runSandbox({ id: "sb", containers: [{ ...waiting, mounts }] });
  await instance.vc.deleteSandbox("sb", { force: true });
  expect(instance.agent("sb").calls("DestroySandbox")).toBe(1);
  expect(journal(instance.folder)).toContain('"type":"deleted","sandboxId":"sb"');
});

test("a folder that is being swept away when its maker would lock it is left to that, and made anew", async () => {
  const real = createHost();
  let swept: string | undefined;
  let sweeper: Lock | undefined;
  const locks: Host["locks"] = {
    ...real.locks,
    acquire: async (path, mode, options) => {
      if (swept === undefined && path.includes("/staged/")) {
        swept = dirname(path);
        sweeper = await real.locks.acquire(path, "exclusive", { create: true });
      }
      return await real.locks.acquire(path, mode, options);
    },
  };
  await using instance = await createTestInstance({ host: { ...real, locks } });
  const sandbox = await instance.vc.createSandbox(config);
  expect(existsSync(swept ?? "")).toBe(true);
  sweeper?.release();
  await sandbox.delete();
});

test("of a sandbox whose remover was killed when it had told so, nothing more is told", async () => {
  await using instance = await createTestInstance();
  await using _sandbox = await instance.vc.runSandbox(config);
  await killVm(instance, "sb");
  editStored(instance, "sb", (stored) => {
    stored.deleting = true;
  });
  const { vc } = instance;
  expect((await refusal(vc.statusSandbox("sb"))).code).toBe("SANDBOX_NOT_FOUND");
  expect(await vc.collectGarbage()).toMatchObject([{ kind: "sandbox", name: "sb" }]);
  expect(journal(instance.folder)).not.toContain("died");
  expect(await leftovers(instance.folder)).toEqual([]);
});

describe("a command that is called off", () => {
  test("while it is being started is never started", async () => {
    const { passed, open } = gate();
    const faults: AgentFault[] = [{ at: "ExecProcess", does: { kind: "wait", until: passed } }];
    await using instance = await createTestInstance({ agent: { faults } });
    await using sandbox = await instance.vc.runSandbox(config);
    const error = await refusal(sandbox.exec(sleeps, { timeoutMs: 50 }));
    expect(error).toMatchObject({ code: "TIMEOUT" });
    open();
    await sandbox.status();
    expect(commands(instance)).toEqual([]);
  });

  test("in a sandbox that is paused is killed when that goes on, and the error says so", async () => {
    await using instance = await createTestInstance();
    await using sandbox = await instance.vc.runSandbox(config);
    const controller = new AbortController();
    const run = sandbox.exec(sleeps, { signal: controller.signal });
    run.then(
      () => {},
      () => {},
    );
    await expect.poll(() => commands(instance)).toEqual(["sleep 1000"]);
    await sandbox.pause();
    controller.abort();
    const error = await refusal(run);
    expect(error).toMatchObject({ code: "CANCELED" });
    expect(error.message).toContain("has not confirmed");
    expect(error.hint).toContain("as soon as the sandbox can be asked again");
    await instance.another().resumeSandbox("sb");
    expect(commands(instance)).toEqual([]);
  });

  test.each(["ExecProcess", "SignalProcess"])(
    "is killed by whoever asks the guest next, if %s is not answered",
    async (at) => {
      const faults: AgentFault[] = [];
      await using instance = await createTestInstance({ agent: { faults } });
      await using sandbox = await instance.vc.runSandbox(config);
      const { passed, open } = gate();
      faults.push({ at: "SignalProcess", does: { kind: "wait", until: passed } });
      faults.push({ at, does: { kind: "wait", until: passed } });
      const error = await refusal(sandbox.exec(sleeps, { timeoutMs: 300 }));
      expect(error.message).toContain("has not confirmed");
      expect(readdirSync(storedPath(instance, "sb", "owed"))).toHaveLength(1);
      open();
      await instance.another().statusSandbox("sb");
      expect(commands(instance)).toEqual([]);
      expect(readdirSync(storedPath(instance, "sb", "owed"))).toEqual([]);
    },
  );
});

test("a container that was killed before its start starts with its sandbox", async () => {
  await using instance = await createTestInstance();
  await using sandbox = await instance.vc.createSandbox(config);
  await sandbox.killContainer("c1", "SIGKILL");
  await sandbox.start();
  const { state, containersStatus } = await sandbox.status();
  expect([state, containersStatus[0]?.state]).toEqual(["running", "running"]);
});

/** Rejects when the signal does. */
function aborted(signal: AbortSignal | undefined): Promise<void> {
  return new Promise((_resolve, reject) => {
    if (signal?.aborted) reject(signal.reason);
    signal?.addEventListener("abort", () => reject(signal.reason), { once: true });
  });
}
