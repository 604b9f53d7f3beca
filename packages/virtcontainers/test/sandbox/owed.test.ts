import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as v from "valibot";
import { beforeEach, describe, expect, test } from "vitest";
import type { Sandbox } from "../../src/index.ts";
import { type AgentFault, createTestInstance, type TestInstance } from "../../src/testing/index.ts";
import { watchCalls } from "../support/calls.ts";
import { testFolder } from "../support/folder.ts";
import { refusal } from "../support/refusal.ts";
import { waiting } from "../support/sandbox.ts";
import { storedPath } from "../support/stored.ts";

const mebibyte = 1024 * 1024;
const late = { ...waiting, id: "late" };
const hang = (at: string, nth?: number): AgentFault => ({ at, nth, does: { kind: "hang" } });

/** A fault that holds a call up until it is opened. */
function gate(at: string): { fault: AgentFault; open: () => void } {
  let open = (): void => {};
  const until = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { fault: { at, does: { kind: "wait", until } }, open };
}

const faults: AgentFault[] = [];
beforeEach(() => void faults.splice(0));

async function withSandbox(
  act: (sandbox: Sandbox, instance: TestInstance) => Promise<void>,
  features?: readonly string[],
): Promise<void> {
  await using instance = await createTestInstance({ agent: { faults, features } });
  await using sandbox = await instance.vc.runSandbox({ id: "sb", containers: [waiting] });
  await act(sandbox, instance);
  faults.splice(0);
}

function owed(instance: TestInstance): string[] {
  const folder = storedPath(instance, "sb", "owed");
  return existsSync(folder) ? readdirSync(folder) : [];
}

function inGuest(instance: TestInstance): string[] {
  return [...instance.agent("sb").containers.keys()];
}

/** What is written down of a thing that is owed in the VM that is there now. */
function note(instance: TestInstance, name: string, what: object): void {
  const Stored = v.object({ vm: v.object({ marker: v.string() }) });
  const { vm } = v.parse(Stored, JSON.parse(readFileSync(storedPath(instance, "sb"), "utf8")));
  mkdirSync(storedPath(instance, "sb", "owed"), { recursive: true });
  const text = JSON.stringify({ marker: vm.marker, owed: what });
  writeFileSync(storedPath(instance, "sb", join("owed", name)), text);
}

describe("a container that was called off while the guest hung", () => {
  test("in its create is removed by whoever asks the guest next", async () => {
    await withSandbox(async (sandbox, instance) => {
      const { fault, open } = gate("CreateContainer");
      faults.push(fault, hang("RemoveContainer", 1));
      const error = await refusal(sandbox.createContainer(late, { timeoutMs: 300 }));
      expect(error.code).toBe("TIMEOUT");
      await expect.poll(() => owed(instance), { timeout: 20_000 }).toEqual(["container-late"]);
      open();
      await expect.poll(() => inGuest(instance)).toContain("late");
      const { containersStatus } = await instance.another().statusSandbox("sb");
      expect(containersStatus.map(({ id }) => id)).toEqual(["c1"]);
      expect(inGuest(instance)).toEqual(["c1"]);
      expect(owed(instance)).toEqual([]);
      await sandbox.createContainer(late);
    });
  });

  test("in its start does not run, and is removed by whoever asks the guest next", async () => {
    await withSandbox(async (sandbox, instance) => {
      await sandbox.createContainer(late);
      const { fault, open } = gate("StartContainer");
      faults.push(fault, hang("RemoveContainer", 1));
      const error = await refusal(sandbox.startContainer("late", { timeoutMs: 300 }));
      expect(error.code).toBe("TIMEOUT");
      await expect.poll(() => owed(instance), { timeout: 20_000 }).toEqual(["container-late"]);
      open();
      await instance.another().statusSandbox("sb");
      expect(inGuest(instance)).toEqual(["c1"]);
      const { state, exitCode } = await sandbox.statusContainer("late");
      expect([state, exitCode]).toEqual(["stopped", undefined]);
      await sandbox.startContainer("late");
    });
  });

  test("when it is made anew for a start is removed by whoever asks the guest next", async () => {
    await withSandbox(async (sandbox, instance) => {
      await sandbox.createContainer(late);
      await sandbox.startContainer("late");
      await sandbox.stopContainer("late");
      const { fault, open } = gate("CreateContainer");
      const removals = instance.agent("sb").calls("RemoveContainer");
      faults.push(fault, hang("RemoveContainer", removals + 2));
      await refusal(sandbox.startContainer("late", { timeoutMs: 500 }));
      await expect.poll(() => owed(instance), { timeout: 20_000 }).toEqual(["container-late"]);
      open();
      await expect.poll(() => inGuest(instance)).toContain("late");
      await instance.another().statusSandbox("sb");
      expect(inGuest(instance)).toEqual(["c1"]);
      await sandbox.startContainer("late");
    });
  });

  test("by a forced stop is ended by whoever asks the guest next", async () => {
    await withSandbox(async (sandbox, instance) => {
      faults.push(hang("SignalProcess", 1));
      await sandbox.stopContainer("c1", { force: true });
      expect(owed(instance)).toEqual(["container-c1"]);
      expect(inGuest(instance)).toEqual(["c1"]);
      await sandbox.createContainer(late);
      expect([inGuest(instance), owed(instance)]).toEqual([["late"], []]);
    });
  });

  test("leaves its id to no other before the guest has confirmed its end", async () => {
    await withSandbox(async (sandbox, instance) => {
      note(instance, "container-late", { kind: "container", containerId: "late" });
      faults.push(hang("RemoveContainer"));
      expect(await refusal(sandbox.createContainer(late))).toMatchObject({
        code: "BUSY",
        containerId: "late",
      });
      faults.splice(0);
      await sandbox.createContainer(late);
      expect(inGuest(instance)).toEqual(["c1", "late"]);
    });
  });
});

test("what the guest refuses to end keeps nothing else from being ended", async () => {
  await withSandbox(async (sandbox, instance) => {
    await sandbox.createContainer(late);
    note(instance, "container-first", { kind: "container", containerId: "first" });
    note(instance, "container-late", { kind: "container", containerId: "late" });
    const nth = instance.agent("sb").calls("RemoveContainer") + 1;
    faults.push({ at: "RemoveContainer", nth, does: { kind: "error", code: "internal" } });
    await instance.another().statusSandbox("sb");
    expect(inGuest(instance)).toEqual(["c1"]);
    expect(owed(instance)).toHaveLength(1);
  });
});

test("a guest that confirms nothing is given no more work", async () => {
  await withSandbox(async (sandbox, instance) => {
    const number = (index: number) => index.toString(16).padStart(16, "0");
    for (let index = 0; index < 1024; index++) {
      const execId = number(index);
      note(instance, execId, { kind: "process", containerId: "c1", execId });
    }
    faults.push(hang("SignalProcess"));
    expect((await refusal(sandbox.exec(["true"]))).code).toBe("BUSY");
    expect((await refusal(sandbox.createContainer(late))).code).toBe("BUSY");
    expect((await refusal(sandbox.copyTo("c1", "/etc/hostname", "/tmp"))).code).toBe("BUSY");
    expect(owed(instance)).toHaveLength(1024);
    faults.splice(0);
    await instance.another().statusSandbox("sb");
    expect(owed(instance).length).toBeLessThan(1024);
    expect((await sandbox.exec(["true"])).exitCode).toBe(0);
  });
});

test("an agent whose kills do not hold for what comes later owes the end of what it has not answered", async () => {
  const features = ["virtcontainers", "processes"];
  await withSandbox(async (sandbox, instance) => {
    const { fault, open } = gate("ExecProcess");
    faults.push(fault);
    const run = sandbox.exec(["sleep", "1000"], { timeoutMs: 300 });
    expect((await refusal(run)).message).toContain("has not confirmed");
    expect(owed(instance)).toHaveLength(1);
    // Not heard of yet, and so owed still.
    await instance.another().statusSandbox("sb");
    expect(owed(instance)).toHaveLength(1);
    open();
    const execs = () => [...(instance.agent("sb").containers.get("c1")?.execs.values() ?? [])];
    await expect.poll(() => execs().length).toBe(1);
    await instance.another().statusSandbox("sb");
    expect(execs().filter(({ exitCode }) => exitCode === undefined)).toEqual([]);
    expect(owed(instance)).toEqual([]);
  }, features);
});

describe("a copy that is called off", () => {
  test("leaves no part of a file in the guest, and what was there", async () => {
    await withSandbox(async (sandbox, instance) => {
      const source = join(await testFolder(), "big");
      writeFileSync(source, Buffer.alloc(2 * mebibyte));
      const files = () => instance.agent("sb").containers.get("c1")?.files;
      files()?.write("/tmp/big", "before");
      for (const dropped of [true, false]) {
        const puts = instance.agent("sb").calls("PutFile");
        faults.push(hang("PutFile", puts + 2), ...(dropped ? [] : [hang("DropFile")]));
        const error = await refusal(sandbox.copyTo("c1", source, "/tmp", { timeoutMs: 500 }));
        expect(error.code).toBe("TIMEOUT");
        await expect.poll(() => owed(instance).length).toBe(dropped ? 0 : 1);
        faults.splice(0);
        await instance.another().statusSandbox("sb");
        expect([owed(instance), files()?.unfinished]).toEqual([[], 0]);
        expect(files()?.read("/tmp/big")?.toString()).toBe("before");
      }
      await sandbox.copyTo("c1", source, "/tmp");
      expect(files()?.read("/tmp/big")).toHaveLength(2 * mebibyte);
    });
  });

  test("leaves no part of a file on the host, and what was there", async () => {
    await withSandbox(async (sandbox, instance) => {
      instance
        .agent("sb")
        .containers.get("c1")
        ?.files.write("/tmp/big", Buffer.alloc(2 * mebibyte));
      const target = await testFolder();
      writeFileSync(join(target, "big"), "before");
      const reads = watchCalls("ReadFile");
      faults.push(reads.fault, hang("ReadFile", 2));
      const controller = new AbortController();
      const { signal } = controller;
      const copied = refusal(sandbox.copyFrom("c1", "/tmp/big", target, { signal }));
      await reads.asked(2);
      controller.abort();
      expect((await copied).code).toBe("CANCELED");
      await expect.poll(() => readdirSync(target)).toEqual(["big"]);
      expect(readFileSync(join(target, "big"), "utf8")).toBe("before");
    });
  });
});
