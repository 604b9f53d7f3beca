import { existsSync, mkdirSync, readdirSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { createTestInstance, type TestInstance } from "../../src/testing/index.ts";
import { leftovers } from "../support/leftovers.ts";
import { killVm, sandboxIn, waiting } from "../support/sandbox.ts";
import { editStored, storedPath } from "../support/stored.ts";

let instance: TestInstance;
beforeEach(async () => {
  instance = await createTestInstance();
});
afterEach(() => instance[Symbol.asyncDispose]());

const taken = async (): Promise<string[]> =>
  (await leftovers(instance.folder)).filter((what) => /^(process|mount) /.test(what));

describe("garbage", () => {
  test("is nothing of sandboxes that are at rest or at work", async () => {
    for (const state of ["ready", "running", "paused", "stopped"] as const)
      await sandboxIn(instance, state);
    expect(await instance.vc.collectGarbage()).toEqual([]);
    expect(await instance.vc.listSandbox()).toHaveLength(4);
  });

  test("is a sandbox that was never whole, or of before a restart of the machine", async () => {
    mkdirSync(join(instance.folder, "state", "sbs", "empty"), { recursive: true });
    await sandboxIn(instance, "creating", "half");
    await sandboxIn(instance, "running", "old");
    editStored(instance, "old", (stored) => {
      stored.bootId = "00000000-0000-0000-0000-000000000000";
    });
    const found = [
      { kind: "sandbox", name: "empty", reason: "its creation was not finished" },
      { kind: "sandbox", name: "half", reason: "its creation was not finished" },
      { kind: "sandbox", name: "old", reason: "the machine has been restarted" },
    ];
    expect(await instance.vc.collectGarbage({ dryRun: true })).toEqual(found);
    expect(await taken()).toHaveLength(2);
    expect(await instance.vc.collectGarbage()).toEqual(found);
    expect(await leftovers(instance.folder)).toEqual([]);
    expect(await instance.vc.collectGarbage()).toEqual([]);
  });

  test("is what stopped sandboxes are, if that is said", async () => {
    await sandboxIn(instance, "stopped");
    await sandboxIn(instance, "dead");
    await sandboxIn(instance, "running");
    expect(await instance.vc.collectGarbage({ stopped: true })).toEqual([
      { kind: "sandbox", name: "dead", reason: "its VM has died" },
      { kind: "sandbox", name: "stopped", reason: "it is stopped" },
    ]);
    expect(await instance.vc.listSandbox()).toMatchObject([{ id: "running" }]);
  });

  test("is what was held for a VM that died; the sandbox stays, and starts again", async () => {
    await sandboxIn(instance, "running", "sb");
    await killVm(instance, "sb");
    const found = [{ kind: "process", name: "mock", sandboxId: "sb", reason: "its VM is gone" }];
    expect(await instance.vc.collectGarbage({ dryRun: true })).toEqual(found);
    expect(await instance.vc.collectGarbage()).toEqual(found);
    expect(await instance.vc.listSandbox()).toMatchObject([
      { state: "stopped", containersStatus: [{ state: "stopped", exitCode: 137 }] },
    ]);
    await using sandbox = await instance.vc.startSandbox("sb");
    expect((await sandbox.exec(["echo", "back"])).stdout).toBe("back\n");
  });

  test("is a VM that a killed restart left beside a stopped state", async () => {
    await sandboxIn(instance, "running", "sb");
    editStored(instance, "sb", (stored) => {
      stored.state = "stopped";
    });
    expect(await taken()).toHaveLength(1);
    expect(await instance.vc.collectGarbage()).toMatchObject([{ kind: "process" }]);
    expect(await taken()).toEqual([]);
    expect(await instance.vc.statusSandbox("sb")).toMatchObject({
      state: "stopped",
      vmm: undefined,
      containersStatus: [{ state: "stopped" }],
    });
  });

  test("is a container that was never whole, with its disk, and a write that was cut short", async () => {
    await using sandbox = await instance.vc.runSandbox({ id: "sb", containers: [waiting] });
    await sandbox.createContainer({ ...waiting, id: "half", scratchMiB: 16 });
    await sandbox.release();
    editStored(instance, "sb", (stored) => {
      const containers = stored.containers as { id: string; state: string }[];
      for (const each of containers) if (each.id === "half") each.state = "creating";
    });
    const cut = storedPath(instance, "sb", "sandbox.json.0123456789ab.tmp");
    writeFileSync(cut, "{");
    const found = [
      { kind: "file", name: cut, sandboxId: "sb", reason: "its writer was killed" },
      { kind: "container", name: "half", sandboxId: "sb", reason: "its creation was not finished" },
    ];
    expect(await instance.vc.collectGarbage({ dryRun: true })).toEqual(found);
    expect(await instance.vc.collectGarbage()).toEqual(found);
    expect((await instance.vc.statusSandbox("sb")).containersStatus).toHaveLength(1);
    expect(readdirSync(join(instance.folder, "data", "layers"))).toEqual([]);
    await sandbox.createContainer({ ...waiting, id: "half", scratchMiB: 16 });
  });

  test("is the disk of a writable layer whose sandbox is gone with its ledger, and no other's", async () => {
    await using sandbox = await instance.vc.runSandbox({
      id: "sb",
      containers: [{ ...waiting, scratchMiB: 16 }],
    });
    await sandbox.release();
    const layers = join(instance.folder, "data", "layers");
    const [own = ""] = readdirSync(layers);
    const gone = join(layers, own.replace(/^sb@/, "s.b@"));
    const foreign = join(layers, `sb@${"0".repeat(16)}.c1.img`);
    for (const path of [gone, foreign]) writeFileSync(path, "");
    const found = [{ kind: "file", name: gone, reason: "its sandbox is gone" }];
    expect(await instance.vc.collectGarbage({ dryRun: true })).toEqual(found);
    expect(await instance.vc.collectGarbage()).toEqual(found);
    expect(readdirSync(layers).sort()).toEqual([own, basename(foreign)].sort());
    rmSync(foreign);
  });

  test("is what was cut short of a trace, a journal's progress or copies, of all sandboxes once it is old", async () => {
    await using sandbox = await instance.vc.runSandbox({ id: "sb", containers: [waiting] });
    await sandbox.release();
    const names = ["trace.json", "events.json", "copies.json"];
    const own = names.map((name) => storedPath(instance, "sb", `${name}.0123456789ab.tmp`));
    const [old, fresh] = ["0123456789ab", "0123456789ac"].map((key) =>
      join(instance.folder, "state", `trace.json.${key}.tmp`),
    ) as [string, string];
    for (const path of [...own, old, fresh]) writeFileSync(path, "{");
    utimesSync(old, 0, 0);
    const found = (await instance.vc.collectGarbage()).map(({ name }) => name);
    expect(found.sort()).toEqual([...own, old].sort());
    expect([...own, old, fresh].filter((path) => existsSync(path))).toEqual([fresh]);
  });
});
