import {
  chownSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import * as v from "valibot";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { VirtContainers } from "../../src/api/virtcontainers.ts";
import { blockdev } from "../../src/hypervisor/qemu/device/disk.ts";
import type { ContainerConfig, RootFs } from "../../src/index.ts";
import { containerStorages } from "../../src/storage/guest/storages.ts";
import { StoredSandbox } from "../../src/store/schema.ts";
import { createTestInstance, type TestInstance } from "../../src/testing/index.ts";
import { flip } from "../host/support/flip.ts";
import { config } from "../hypervisor/support/spec.ts";
import { leftovers } from "../support/leftovers.ts";
import { refusal } from "../support/refusal.ts";
import { storedPath } from "../support/stored.ts";

let instance: TestInstance;
let disk: string;

beforeEach(async () => {
  instance = await createTestInstance();
  disk = join(instance.folder, "disk.img");
  writeFileSync(disk, "stands for a file system", { mode: 0o644 });
});
afterEach(async () => {
  await instance[Symbol.asyncDispose]();
});

function on(source: string, more: Partial<RootFs> = {}, id = "c1"): ContainerConfig {
  return { id, rootFs: { source, type: "ext4", ...more }, waits: true };
}

/** What the guest mounts for the first container of a sandbox. */
function storages(id: string) {
  const text = readFileSync(storedPath(instance, id), "utf8");
  const { containers, vm } = v.parse(StoredSandbox, JSON.parse(text));
  const [first] = containers;
  if (first === undefined) throw new Error("it has no container");
  return containerStorages(first, vm?.devices ?? {}).storages;
}

function uses(): string[] {
  const names = readdirSync(join(instance.folder, "data", "disks"));
  return names.filter((name) => !name.startsWith("."));
}

test("a disk is the root itself, with its options, and is given back", async () => {
  const before = statSync(disk);
  const sandbox = await instance.vc.runSandbox({
    id: "sb",
    containers: [on(disk, { options: ["noatime", "rw"] })],
  });
  expect(storages("sb")).toMatchObject([
    {
      driver: "blk",
      fstype: "ext4",
      options: ["noatime"],
      mountPoint: expect.stringMatching(/\/c1\/rootfs$/),
    },
  ]);
  expect((await sandbox.statusContainer("c1")).rootFs).toBe(disk);
  expect(uses()).toHaveLength(1);
  await sandbox.stopContainer("c1");
  await sandbox.deleteContainer("c1");
  expect(uses()).toEqual([]);
  await sandbox.createContainer(on(disk));
  await sandbox.delete({ force: true });
  expect(uses()).toEqual([]);
  const { uid, gid, mode } = statSync(disk);
  expect({ uid, gid, mode }).toEqual({ uid: before.uid, gid: before.gid, mode: before.mode });
  expect(await leftovers(instance.folder)).toEqual([]);
});

test.each<[what: string, more: Partial<RootFs>, container: Partial<ContainerConfig>]>([
  ["the option ro", { options: ["ro"] }, {}],
  ["readonlyRootfs", {}, { readonlyRootfs: true }],
  ["a file system that can't be written", { type: "erofs" }, {}],
])("with %s it is below a layer, and can be shared", async (_what, more, container) => {
  const given = { ...on(disk, more), ...container };
  await using one = await instance.vc.runSandbox(
    { id: "one", containers: [given] },
    { deleteOnDispose: true },
  );
  await using _two = await instance.vc.runSandbox(
    { id: "two", containers: [given] },
    { deleteOnDispose: true },
  );
  expect(storages("one")).toMatchObject([
    { driver: "blk", fstype: more.type ?? "ext4", options: ["ro"] },
    { driver: "overlayfs" },
  ]);
  const error = await refusal(one.createContainer(on(disk, {}, "c2")));
  expect(error).toMatchObject({ code: "BUSY", field: "rootFs.source" });
  expect(uses()).toHaveLength(2);
});

test("what is written to has one user, by whatever path", async () => {
  const link = join(instance.folder, "link.img");
  symlinkSync(disk, link);
  const one = await instance.vc.runSandbox({ id: "one", containers: [on(disk)] });
  for (const given of [on(link), on(link, { options: ["ro"] })]) {
    const error = await refusal(instance.vc.runSandbox({ id: "two", containers: [given] }));
    expect(error).toMatchObject({ code: "BUSY" });
    expect(error.message).toContain("the sandbox one uses");
  }
  expect((await instance.vc.listSandbox()).map(({ id }) => id)).toEqual(["one"]);
  await one.delete({ force: true });
  await using _two = await instance.vc.runSandbox(
    { containers: [on(link)] },
    { deleteOnDispose: true },
  );
});

test("two state folders see each other's use of a disk, also of sandboxes of one id", async () => {
  const stateDir = join(instance.folder, "other-state");
  const hypervisors = { qemu: instance.hypervisor };
  const { folder } = instance;
  const dataDir = join(folder, "data");
  const other = new VirtContainers({
    stateDir,
    dataDir,
    guestDir: folder,
    hypervisors,
    kernel: "debian",
  });
  const one = await instance.vc.runSandbox({ id: "same", containers: [on(disk)] });
  const create = () => other.createSandbox({ id: "same", containers: [on(disk)] });
  const error = await refusal(create());
  expect(error).toMatchObject({ code: "BUSY" });
  expect(error.message).toContain(`same of ${join(folder, "state")}`);
  await one.delete({ force: true });
  await using _two = await create();
  expect(uses()).toHaveLength(1);
  await other.deleteSandbox("same", { force: true });
  expect(uses()).toEqual([]);
});

test("a use that a restart of the machine has left counts no more, and is taken away", async () => {
  await instance.vc.runSandbox({ id: "one", containers: [on(disk)] });
  const [use = ""] = uses();
  const path = join(instance.folder, "data", "disks", use.replace("one@", "gone@"));
  writeFileSync(
    path,
    JSON.stringify({ bootId: "another", stateDir: join(instance.folder, "state") }),
    {
      mode: 0o600,
    },
  );
  await instance.vc.deleteSandbox("one", { force: true });
  await instance.vc.runSandbox({ id: "one", containers: [on(disk)] });
  expect(uses()).toEqual([use]);
});

describe.skipIf(process.geteuid?.() !== 0)(
  "a disk in a folder of somebody else (needs root)",
  () => {
    /** A disk that a container has as its root, and a file of root's that a link in its folder's place leads to. */
    async function trap() {
      const [inside, secret] = [join(instance.folder, "theirs"), join(instance.folder, "secret")];
      for (const folder of [inside, secret]) {
        mkdirSync(folder);
        writeFileSync(join(folder, "disk.img"), "file system", { mode: 0o600 });
      }
      const link = join(instance.folder, "link");
      symlinkSync(secret, link);
      const sandbox = await instance.vc.runSandbox({ containers: [on(join(inside, "disk.img"))] });
      return { inside, link, sandbox, secret: join(secret, "disk.img") };
    }

    test("gives none of root's files away while the folder is exchanged for a link", async () => {
      const { inside, link, sandbox, secret } = await trap();
      await sandbox.stop();
      const before = statSync(secret).ctimeMs;
      const end = await flip(inside, link);
      let refused = 0;
      for (let round = 0; round < 40; round++) {
        try {
          await sandbox.start();
          await sandbox.stop({ force: true });
        } catch {
          refused++;
        }
        expect(statSync(secret).uid).toBe(0);
      }
      await end();
      expect(refused).toBeGreaterThan(0);
      expect(statSync(secret).ctimeMs).toBe(before);
      await sandbox.delete({ force: true });
    });

    test("is given back as the file that was taken, or not at all", async () => {
      const { inside, sandbox } = await trap();
      const disk = join(inside, "disk.img");
      const { uid } = statSync(disk);
      expect(uid).toBeGreaterThan(1_000_000);
      renameSync(disk, `${disk}.moved`);
      writeFileSync(disk, "another");
      chownSync(disk, uid, uid);
      await sandbox.delete({ force: true });
      expect(statSync(disk).uid).toBe(uid);
    });
  },
);

test.each<[rootFs: object, code: string, says: string]>([
  [{ source: "/no/such", type: "ext4" }, "INVALID_ARGUMENT", "there is no such file"],
  [{ source: "/tmp", type: "ext4" }, "INVALID_ARGUMENT", "a block device or a file"],
  [{ source: "/dev/null", type: "ext4" }, "INVALID_ARGUMENT", "a block device or a file"],
  [{ source: "/no/such", type: "bind" }, "INVALID_ARGUMENT", "there is no such folder"],
  [{ source: "overlay", type: "ext4" }, "INVALID_ARGUMENT", "absolute"],
  [{ source: "/x", type: "overlay" }, "NOT_SUPPORTED", "give it as target"],
  [{ source: "/x" }, "INVALID_ARGUMENT", "source and type without"],
  [{ target: "/tmp" }, "INVALID_ARGUMENT", "target with mounted"],
  [{ target: "/tmp", mounted: true, type: "ext4" }, "INVALID_ARGUMENT", "target with mounted"],
  [{ target: "/tmp", mounted: true, options: ["noatime"] }, "INVALID_ARGUMENT", "ro or rw"],
  [{ source: "/x", type: "ext4", options: ["a,b"] }, "INVALID_ARGUMENT", "one mount option"],
])("%j is refused", async (rootFs, code, says) => {
  const containers = [{ id: "c1", waits: true, rootFs }];
  const error = await refusal(instance.vc.createSandbox({ containers }));
  expect(error).toMatchObject({ code });
  expect(error.message).toContain(says);
});

test("the VMM opens a block device as what it is", () => {
  const drive = { id: "drive-0", path: "/dev/sdz", format: "raw", readonly: true } as const;
  expect(blockdev({ ...drive, device: true }, drive.path, config()).file.driver).toBe(
    "host_device",
  );
  expect(blockdev(drive, drive.path, config()).file.driver).toBe("file");
});
