import { link, mkdir, readFile, stat, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { createHost } from "../../src/host/real.ts";
import type { DiskDevice } from "../../src/hypervisor/device.ts";
import { openDisk, openForReading } from "../../src/hypervisor/reachable-files.ts";
import { testFolder } from "../support/folder.ts";

const host = createHost();
const isRoot = process.getuid?.() === 0;
const user = { uid: 65_311, gid: 65_311 };

function disk(path: string, more: Partial<DiskDevice> = {}): DiskDevice {
  return { kind: "disk", id: "disk", path, format: "raw", readonly: true, ...more };
}

/** A VM's folder, and a file of somebody else's beside it. */
async function place() {
  const above = await testFolder();
  const folder = join(above, "vm");
  await mkdir(folder);
  const foreign = join(above, "shadow");
  await writeFile(foreign, "secret", { mode: 0o600 });
  return { spec: { folder, user }, folder, foreign, at: join(folder, "scratch.img") };
}

const refused = { code: "HOST_REQUIREMENT", message: expect.stringContaining("not the disk") };

test("a disk is opened whatever its mode, for reading or for both", async () => {
  const { spec, foreign } = await place();
  for (const readonly of [true, false]) {
    await using file = await openDisk(host, disk(foreign, { readonly }), spec);
    expect(await file.readFile("utf8")).toBe("secret");
    const flags = await readFile(`/proc/self/fdinfo/${file.fd}`, "utf8");
    expect(Number.parseInt(/flags:\s*(\d+)/.exec(flags)?.[1] ?? "", 8) & 3).toBe(readonly ? 0 : 2);
  }
});

test("what the VMM's user puts in the place of a disk in its folder is not opened for it", async () => {
  const { spec, foreign, at } = await place();
  await symlink(foreign, at);
  await expect(openDisk(host, disk(at), spec)).rejects.toMatchObject({ code: "HOST_FAILED" });
  const other = `${at}.link`;
  await link(foreign, other);
  await expect(openDisk(host, disk(other), spec)).rejects.toMatchObject(refused);
});

test("a disk that is another file by now is refused", async () => {
  const { spec, foreign } = await place();
  const { dev, ino } = await stat(foreign);
  const identity = { dev: String(dev), ino: String(ino) };
  await (await openDisk(host, disk(foreign, { identity }), spec)).close();
  const moved = { dev: String(dev), ino: String(ino + 1) };
  await expect(openDisk(host, disk(foreign, { identity: moved }), spec)).rejects.toMatchObject(
    refused,
  );
  await expect(openDisk(host, disk(foreign, { device: true }), spec)).rejects.toMatchObject(
    refused,
  );
});

test.skipIf(!isRoot)(
  "what is mounted in the VM's folder was put there by us (needs root)",
  async () => {
    const { spec, foreign, at } = await place();
    await writeFile(at, "");
    await host.mounts.bind(foreign, at);
    onTestFinished(() => host.mounts.unmount(at));
    await using file = await openDisk(host, disk(at), spec);
    expect(await file.readFile("utf8")).toBe("secret");
  },
);

test.skipIf(!isRoot)(
  "a file that only root may read is given as a copy without a name (needs root)",
  async () => {
    const { spec, foreign, folder } = await place();
    await using file = await openForReading(foreign, spec);
    expect(await file.stat()).toMatchObject({ uid: user.uid, nlink: 0 });
    expect(await readFile(`/proc/self/fd/${file.fd}`, "utf8")).toBe("secret");
    expect(await host.mounts.listBelow(folder)).toEqual([]);
    await using readable = await openForReading("/etc/passwd", spec);
    expect(await readable.stat()).toMatchObject({ uid: 0, nlink: 1 });
  },
);
