import { once } from "node:events";
import { closeSync, openSync } from "node:fs";
import { rename, rm, stat, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { Deadline } from "../../src/deadline.ts";
import { createLibc } from "../../src/host/libc.ts";
import { createHost } from "../../src/host/real.ts";
import { testFolder } from "../support/folder.ts";
import { startChild } from "./support/child.ts";

const { locks } = createHost();

async function holder(path: string, mode: string) {
  const child = startChild("./lock-holder.ts", [path, mode]);
  await once(child.stdout ?? child, "data");
  return child;
}

test("a lock that is released is free at once, however much other work with files there is", async () => {
  const path = join(await testFolder(), "lock");
  const lock = await locks.acquire(path, "exclusive", { create: true });
  const fd = openSync(path, "r");
  lock?.release();
  // LOCK_EX and LOCK_NB; nothing else had a turn.
  createLibc()().flock(fd, 2 | 4);
  closeSync(fd);
});

test("another process's lock keeps us out, until it is killed", async () => {
  const path = join(await testFolder(), "lock");
  const child = await holder(path, "exclusive");
  await expect(locks.acquire(path, "shared")).rejects.toMatchObject({
    code: "BUSY",
    message: `${path} is locked by process ${child.pid}`,
  });
  const waiting = locks.acquire(path, "exclusive", { timeoutMs: 20_000 });
  child.kill("SIGKILL");
  (await waiting)?.release();
  expect((await stat(path)).mode & 0o777).toBe(0o600);
});

test("a deadline names who holds the lock, and that he is stopped", async () => {
  const path = join(await testFolder(), "lock");
  const child = await holder(path, "exclusive");
  child.kill("SIGSTOP");
  using deadline = new Deadline({ timeoutMs: 50 }, undefined, "exec");
  const waiting = locks.acquire(path, "shared", { timeoutMs: 20_000, signal: deadline.signal });
  const who = `process ${child.pid}, which is stopped (SIGSTOP)`;
  await expect(waiting).rejects.toMatchObject({
    code: "TIMEOUT",
    message: expect.stringMatching(/^exec did not finish within 50 ms/),
  });
  await expect(waiting).rejects.toThrow(`${path} is locked by ${who}`);
});

test("shared locks share, and keep an exclusive one out", async () => {
  const path = join(await testFolder(), "lock");
  await holder(path, "shared");
  using lock = await locks.acquire(path, "shared");
  expect(lock).toBeDefined();
  await expect(locks.acquire(path, "exclusive", { timeoutMs: 30 })).rejects.toMatchObject({
    code: "BUSY",
    message: expect.stringContaining(path),
  });
});

test("two locks in one process exclude each other; releasing twice is no error", async () => {
  const path = join(await testFolder(), "lock");
  const first = await locks.acquire(path, "exclusive", { create: true });
  await expect(locks.acquire(path, "exclusive")).rejects.toMatchObject({ code: "BUSY" });
  first?.release();
  first?.release();
  using second = await locks.acquire(path, "exclusive", { timeoutMs: 20_000 });
  expect(second).toBeDefined();
});

test("the signal ends the wait", async () => {
  const path = join(await testFolder(), "lock");
  using _held = await locks.acquire(path, "exclusive", { create: true });
  const stop = new AbortController();
  const waiting = locks.acquire(path, "exclusive", { timeoutMs: 60_000, signal: stop.signal });
  stop.abort();
  await expect(waiting).rejects.toMatchObject({ code: "CANCELED" });
});

test("a missing file is no lock, unless it may be created", async () => {
  const folder = await testFolder();
  expect(await locks.acquire(join(folder, "lock"), "shared")).toBeUndefined();
  expect(await locks.acquire(join(folder, "none", "lock"), "shared")).toBeUndefined();
  await expect(
    locks.acquire(join(folder, "none", "lock"), "shared", { create: true }),
  ).rejects.toMatchObject({ code: "HOST_FAILED" });
});

test("whoever waits for a file that is replaced gets the new one", async () => {
  const folder = await testFolder();
  const path = join(folder, "lock");
  const old = await locks.acquire(path, "exclusive", { create: true });
  const waiting = locks.acquire(path, "exclusive", { timeoutMs: 20_000 });
  await writeFile(join(folder, "new"), "");
  await rename(join(folder, "new"), path);
  const held = await waiting;
  old?.release();
  await expect(locks.acquire(path, "exclusive")).rejects.toMatchObject({ code: "BUSY" });
  held?.release();
});

test("whoever waits for a file that is removed gets nothing", async () => {
  const path = join(await testFolder(), "lock");
  const old = await locks.acquire(path, "exclusive", { create: true });
  const waiting = locks.acquire(path, "exclusive", { timeoutMs: 20_000 });
  await rm(path);
  old?.release();
  expect(await waiting).toBeUndefined();
});

test("a symlink is not a lock", async () => {
  const folder = await testFolder();
  await writeFile(join(folder, "victim"), "");
  await symlink(join(folder, "victim"), join(folder, "lock"));
  await expect(
    locks.acquire(join(folder, "lock"), "exclusive", { create: true }),
  ).rejects.toMatchObject({ code: "HOST_FAILED" });
});

test("of several files the first free one is taken, and each only once", async () => {
  const folder = await testFolder();
  const paths = ["a", "b"].map((name) => join(folder, name));
  const first = await locks.acquireAny(paths);
  const second = await locks.acquireAny(paths);
  expect([first.index, second.index]).toEqual([0, 1]);
  await expect(locks.acquireAny(paths, { timeoutMs: 30 })).rejects.toMatchObject({ code: "BUSY" });
  second.lock.release();
  expect((await locks.acquireAny(paths, { timeoutMs: 20_000 })).index).toBe(1);
});
