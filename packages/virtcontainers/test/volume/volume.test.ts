import { execFile } from "node:child_process";
import { mkdir, readdir, rm, stat, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { createHost } from "../../src/host/real.ts";
import { createVolumes } from "../../src/volume/store.ts";
import { testFolder } from "../support/folder.ts";

async function store() {
  const base = await testFolder();
  const stateDir = join(base, "state");
  const volumes = createVolumes(createHost(), join(base, "data"), stateDir);
  const hold = async (name: string, id: string): Promise<void> => {
    await mkdir(join(stateDir, "sbs", id), { recursive: true });
    await volumes.hold(name, { id, user: undefined }, AbortSignal.timeout(10_000));
  };
  return { base, stateDir, volumes, hold };
}

test("a volume is made, found, listed and removed with all that is in it", async () => {
  const { volumes } = await store();
  const made = await volumes.create({ name: "data", driver: "folder", labels: { for: "tests" } });
  expect(made).toMatchObject({
    name: "data",
    driver: "folder",
    labels: { for: "tests" },
    usedBy: [],
  });
  await writeFile(join(made.path, "file"), "");
  expect(await volumes.inspect("data")).toEqual(made);
  const unnamed = await volumes.create({ driver: "folder" });
  expect(unnamed.name).toMatch(/^[0-9a-f]{12}$/);
  expect((await volumes.list()).map(({ name }) => name).sort()).toEqual(
    ["data", unnamed.name].sort(),
  );
  await volumes.remove("data");
  await expect(stat(made.path)).rejects.toMatchObject({ code: "ENOENT" });
  await expect(volumes.inspect("data")).rejects.toMatchObject({ code: "VOLUME_NOT_FOUND" });
});

test("a volume is fresh until something is in it, and one at a time looks", async () => {
  const { volumes } = await store();
  const { path } = await volumes.create({ name: "data", driver: "folder" });
  const signal = AbortSignal.timeout(60_000);
  const first = await volumes.holdFresh("data", signal);
  const meanwhile = volumes.holdFresh("data", AbortSignal.timeout(1));
  await expect(meanwhile).rejects.toMatchObject({ code: "CANCELED" });
  first?.[Symbol.dispose]();
  const second = await volumes.holdFresh("data", signal);
  await second?.used();
  second?.[Symbol.dispose]();
  expect([first, second]).not.toContain(undefined);
  expect(await volumes.holdFresh("data", signal)).toBeUndefined();
  expect(await readdir(path)).toEqual([]);
});

test("a new disk has nothing in it", async () => {
  const { volumes } = await store();
  const { path } = await volumes.create({ name: "disk", driver: "ext4", sizeMiB: 16 });
  const { stdout } = await promisify(execFile)("debugfs", ["-R", "ls -p /", path]);
  const names = stdout.split("\n").flatMap((line) => line.split("/")[5] ?? []);
  expect(names.filter(Boolean).sort()).toEqual([".", ".."]);
});

test.skipIf(process.getuid?.() !== 0)("no other user reads a volume", async () => {
  const { base, volumes } = await store();
  await promisify(execFile)("chmod", ["-R", "go+rX", base]);
  const disk = await volumes.create({ name: "disk", driver: "ext4", sizeMiB: 16 });
  const folder = await volumes.create({ name: "folder", driver: "folder" });
  await writeFile(join(folder.path, "file"), "secret", { mode: 0o644 });
  for (const path of [disk.path, join(folder.path, "file")]) {
    const read = promisify(execFile)("cat", [path], { uid: 65_534, gid: 65_534 });
    await expect(read).rejects.toMatchObject({ stderr: expect.stringContaining("denied") });
  }
});

test("a disk has a file system of its size", async () => {
  const { volumes } = await store();
  const { path, sizeMiB } = await volumes.create({ name: "disk", driver: "ext4", sizeMiB: 16 });
  expect(sizeMiB).toBe(16);
  expect((await stat(path)).size).toBe(16 * 1024 * 1024);
});

test("what is held is neither removed nor pruned; a disk has one holder", async () => {
  const { volumes, hold } = await store();
  await volumes.create({ name: "folder", driver: "folder" });
  await volumes.create({ name: "disk", driver: "ext4", sizeMiB: 16 });
  await volumes.create({ name: "free", driver: "folder" });
  await hold("folder", "s1");
  await hold("folder", "s2");
  await hold("disk", "s1");
  await hold("disk", "s1");
  await expect(hold("disk", "s2")).rejects.toMatchObject({ code: "BUSY" });
  await expect(volumes.remove("folder")).rejects.toMatchObject({
    code: "BUSY",
    message: expect.stringContaining("s1, s2"),
  });
  expect(await volumes.prune()).toEqual(["free"]);
});

test("two state folders see each other's use, also of sandboxes of one id", async () => {
  const { volumes, hold, stateDir, base } = await store();
  const elsewhere = join(base, "elsewhere");
  await mkdir(join(elsewhere, "sbs", "s1"), { recursive: true });
  const other = createVolumes(createHost(), join(base, "data"), elsewhere);
  await volumes.create({ name: "disk", driver: "ext4", sizeMiB: 16 });
  await hold("disk", "s1");
  const taking = other.hold("disk", { id: "s1", user: undefined }, new AbortController().signal);
  await expect(taking).rejects.toMatchObject({
    code: "BUSY",
    message: expect.stringContaining(`s1 of ${stateDir}`),
  });
  await rm(volumes.userFile("disk", "s1"));
  await other.hold("disk", { id: "s1", user: undefined }, new AbortController().signal);
  await expect(volumes.remove("disk")).rejects.toMatchObject({ code: "BUSY" });
  await expect(hold("disk", "s1")).rejects.toMatchObject({ code: "BUSY" });
});

test("a sandbox that is gone, or of another boot, holds nothing", async () => {
  const { volumes, hold, stateDir } = await store();
  await volumes.create({ name: "disk", driver: "ext4", sizeMiB: 16 });
  await hold("disk", "s1");
  const user = volumes.userFile("disk", "s1");
  await writeFile(user, JSON.stringify({ bootId: "another", stateDir }));
  expect((await volumes.inspect("disk")).usedBy).toEqual([]);
  await writeFile(user, "{");
  await hold("disk", "s2");
  expect((await volumes.inspect("disk")).usedBy).toEqual(["s2"]);
});

test.each([
  ["name", { name: "../up" }],
  ["name", { name: "-dash" }],
  ["name", { name: "a,b" }],
  ["name", { name: "a\nb" }],
  ["sizeMiB", { driver: "folder", sizeMiB: 16 } as const],
  ["sizeMiB", { driver: "ext4", sizeMiB: 1 } as const],
])("a wrong %s is refused by name, and nothing is made", async (field, options) => {
  const { volumes, base } = await store();
  await expect(volumes.create(options)).rejects.toMatchObject({
    code: "INVALID_ARGUMENT",
    field: `options.${field}`,
  });
  expect(await readdir(base)).toEqual([]);
});

test("a second one of a name is refused, and the first stays", async () => {
  const { volumes } = await store();
  const { path } = await volumes.create({ name: "data", driver: "folder" });
  await expect(volumes.create({ name: "data", driver: "ext4" })).rejects.toMatchObject({
    code: "ALREADY_EXISTS",
  });
  expect(await readdir(dirname(path))).toContain("data");
});
