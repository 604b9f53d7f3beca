import fs, { cpSync } from "node:fs";
import { syncBuiltinESMExports } from "node:module";
import { dirname, join } from "node:path";
import { describe, expect, test, vi } from "vitest";
import { createHost } from "../../src/host/real.ts";
import { type ListOptions, Sandbox, type SandboxStatus } from "../../src/index.ts";
import { Store } from "../../src/store/store.ts";
import {
  type AgentFault,
  createTestInstance,
  type MockFailure,
  type TestInstance,
} from "../../src/testing/index.ts";
import { waiting } from "../support/sandbox.ts";
import { editStored, storedPath } from "../support/stored.ts";

const config = { id: "sb", containers: [waiting] };

/** Further sandboxes, with all that the first has; they hold nothing of their own. */
function copies(instance: TestInstance, count: number): AsyncDisposable & { ids: string[] } {
  const ids = Array.from({ length: count }, (_, index) => `copy-${index}`);
  for (const id of ids) {
    cpSync(storedPath(instance, "sb", ""), storedPath(instance, id, ""), { recursive: true });
    editStored(instance, id, (stored) => {
      stored.id = id;
    });
  }
  const store = new Store(createHost(), join(instance.folder, "state"));
  return {
    ids,
    [Symbol.asyncDispose]: async () => {
      for (const id of ids) await store.remove(id);
    },
  };
}

/** The files below a folder that this process opens, and looks at on the way to others, in some work. */
async function touched(folder: string, work: () => Promise<unknown>) {
  const openSync = vi.spyOn(fs, "openSync");
  const open = vi.spyOn(fs.promises, "open");
  const lstatSync = vi.spyOn(fs, "lstatSync");
  syncBuiltinESMExports();
  try {
    await work();
    const below = (...calls: readonly (readonly [unknown, ...unknown[]])[]) =>
      calls
        .map(([path]) => String(path))
        .filter((path) => path.startsWith(folder))
        .sort();
    const opened = below(...openSync.mock.calls, ...open.mock.calls);
    return { opened, looked: below(...lstatSync.mock.calls) };
  } finally {
    vi.restoreAllMocks();
    syncBuiltinESMExports();
  }
}

test("a list has those alone that have all labels that were asked for, and are in the state", async () => {
  await using instance = await createTestInstance({ asDefault: true });
  const make = (id: string, annotations: Record<string, string>) =>
    instance.vc.runSandbox({ ...config, id, annotations });
  await using _first = await make("first", { role: "worker", zone: "a" });
  await using second = await make("second", { role: "worker", zone: "b" });
  await using _third = await make("third", {});
  await second.stop();
  const ids = async (options: ListOptions) => (await Sandbox.list(options)).map(({ id }) => id);
  expect(await ids({})).toEqual(["first", "second", "third"]);
  expect(await ids({ labels: { role: "worker" } })).toEqual(["first", "second"]);
  expect(await ids({ labels: { role: "worker", zone: "b" } })).toEqual(["second"]);
  expect(await ids({ labels: { role: "worker" }, state: "running" })).toEqual(["first"]);
  expect(await ids({ state: ["stopped", "paused"] })).toEqual(["second"]);
  await expect(ids({ state: "up" as "running" })).rejects.toMatchObject({ field: "state" });
  const misspelt: object = { label: {} };
  await expect(ids(misspelt)).rejects.toMatchObject({ field: "label" });
});

describe("a list", () => {
  test("of sandboxes at rest reads the state of each once, and opens nothing else", async () => {
    await using instance = await createTestInstance();
    const sandbox = await instance.vc.runSandbox(config);
    await sandbox.stop();
    await sandbox.release();
    await using others = copies(instance, 24);
    const ids = ["sb", ...others.ids].sort();
    const lister = instance.another();
    let found: SandboxStatus[] = [];
    const { opened, looked } = await touched(instance.folder, async () => {
      found = await lister.listSandbox();
    });
    expect(found.map(({ id, state }) => `${id} ${state}`).sort()).toEqual(
      ids.map((id) => `${id} stopped`),
    );
    expect(opened).toEqual(ids.map((id) => storedPath(instance, id)));
    const folders = ids.map((id) => dirname(storedPath(instance, id)));
    expect(looked.filter((path) => folders.includes(path))).toEqual(folders);
    // What leads to them all does not count by their number.
    expect(looked.length).toBeLessThan(ids.length + 10);
  });

  test("of very many looks at a bounded number at once, and warns of nothing", async () => {
    const warnings: string[] = [];
    const onWarning = (warning: Error): void => void warnings.push(warning.message);
    process.on("warning", onWarning);
    let [now, most] = [0, 0];
    const failures: { adopt?: MockFailure } = {};
    await using instance = await createTestInstance({ failures });
    await using _sandbox = await instance.vc.runSandbox(config);
    // They are one and the same VM.
    await using _others = copies(instance, 120);
    failures.adopt = async () => {
      most = Math.max(most, ++now);
      await new Promise((resolve) => setImmediate(resolve));
      now--;
    };
    expect(await instance.another().listSandbox()).toHaveLength(121);
    process.off("warning", onWarning);
    expect(warnings).toEqual([]);
    expect(most).toBeGreaterThan(1);
    expect(most).toBeLessThanOrEqual(16);
  });

  test("shows the last known state of one that does not answer, within its deadline", async () => {
    const faults: AgentFault[] = [];
    await using instance = await createTestInstance({ agent: { faults } });
    await using _sandbox = await instance.vc.runSandbox(config);
    faults.push({ at: "ListProcesses", does: { kind: "hang" } });
    const found = await instance.another().listSandbox({ timeoutMs: 2_000 });
    expect(found.map(({ id, state }) => [id, state])).toEqual([["sb", "running"]]);
  });
});
