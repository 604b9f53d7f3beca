import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { FileChange, Files, FileWatch, Sandbox } from "../../src/index.ts";
import { createTestInstance, type TestInstance } from "../../src/testing/index.ts";
import { refusal } from "../support/refusal.ts";
import { waiting } from "../support/sandbox.ts";

let instance: TestInstance;
let sandbox: Sandbox;
let files: Files;
beforeEach(async () => {
  instance = await createTestInstance();
  sandbox = await instance.vc.runSandbox({ id: "sb", containers: [waiting] });
  files = sandbox.files;
  await files.mkdir("/work");
});
afterEach(async () => {
  await sandbox.release();
  await instance[Symbol.asyncDispose]();
});

const guest = () => {
  const found = instance.agent("sb").containers.get("c1")?.files;
  if (found === undefined) throw new Error("there is no container");
  return found;
};

async function take(watch: FileWatch, count: number): Promise<FileChange[]> {
  const changes: FileChange[] = [];
  while (changes.length < count) {
    const { done, value } = await watch.next();
    if (done) break;
    changes.push(value);
  }
  return changes;
}

describe("sandbox.files.watch", () => {
  test("tells what is made, changed, renamed and removed, in folders below only if it is recursive", async () => {
    const near = files.watch("/work");
    await using all = files.watch("/work", { recursive: true });
    await Promise.all([near.opened(), all.opened()]);
    await files.write("/work/a", "1");
    await files.mkdir("/work/sub");
    await files.write("/work/sub/b", "2");
    guest().write("/work/a", "3");
    await files.rename("/work/a", "/work/c");
    await files.remove("/work/c");
    const file = { isFolder: false };
    const expected = [
      { kind: "created", path: "/work/a", ...file },
      { kind: "created", path: "/work/sub", isFolder: true },
      { kind: "created", path: "/work/sub/b", ...file },
      { kind: "modified", path: "/work/a", ...file },
      { kind: "renamed", path: "/work/c", from: "/work/a", ...file },
      { kind: "removed", path: "/work/c", ...file },
    ];
    expect(await take(all, 6)).toEqual(expected);
    expect(await take(near, 5)).toEqual(expected.filter(({ path }) => path !== "/work/sub/b"));
    await near.return();
    await files.remove("/work", { recursive: true });
    expect((await take(all, 9)).at(-1)).toMatchObject({ kind: "removed", path: "/work" });
    expect(await all.next()).toEqual({ done: true, value: undefined });
    expect(guest().watches.size).toBe(0);
  });

  test("who leaves the loop leaves nothing in the guest", async () => {
    const watch = files.watch("/work");
    await watch.opened();
    expect(guest().watches.size).toBe(1);
    await files.write("/work/a", "");
    for await (const { path } of watch) {
      expect(path).toBe("/work/a");
      break;
    }
    expect(guest().watches.size).toBe(0);
    expect(await watch.next()).toEqual({ done: true, value: undefined });
  });

  test("ends with its signal, by an error, and with the sandbox, without one", async () => {
    const caller = new AbortController();
    const canceled = files.watch("/work", { signal: caller.signal });
    const stopped = files.watch("/work");
    await Promise.all([canceled.opened(), stopped.opened()]);
    const next = refusal(canceled.next());
    caller.abort();
    expect((await next).code).toBe("CANCELED");
    expect(await canceled.next()).toEqual({ done: true, value: undefined });
    const last = stopped.next();
    await sandbox.stop({ force: true });
    expect(await last).toEqual({ done: true, value: undefined });
  });

  test("holds no more than some thousand changes, and tells that it lost some", async () => {
    const watch = files.watch("/work");
    await watch.opened();
    for (let count = 0; count < 10_000; count++) guest().write(`/work/${count}`, "");
    guest().remove("/work");
    const kinds = new Map<string, number>();
    for await (const { kind } of watch) {
      kinds.set(kind, (kinds.get(kind) ?? 0) + 1);
      if (kind === "overflow") break;
    }
    expect(kinds.get("overflow")).toBe(1);
    expect(kinds.get("created")).toBeLessThan(10_000);
  });

  test("of nothing, of no path, and by an agent that can't", async () => {
    expect((await refusal(files.watch("/none").opened())).code).toBe("FILE_NOT_FOUND");
    expect((await refusal(files.watch("/none").next())).code).toBe("FILE_NOT_FOUND");
    expect(() => files.watch("work")).toThrow("path");
    expect(() => files.watch("/work", { deep: true } as never)).toThrow("options.deep");
    await using foreign = await createTestInstance({ agent: { features: [] } });
    await using other = await foreign.vc.runSandbox({ id: "other", containers: [waiting] });
    expect((await refusal(other.files.watch("/tmp").next())).code).toBe("NOT_SUPPORTED");
    expect((await refusal(other.files.rename("/tmp", "/new"))).code).toBe("NOT_SUPPORTED");
    expect((await refusal(other.files.remove("/tmp"))).code).toBe("NOT_SUPPORTED");
  });
});
