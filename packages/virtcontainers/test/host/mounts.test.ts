import { mkdir, readdir, readFile, stat, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { createHost } from "../../src/host/real.ts";
import { testFolder } from "../support/folder.ts";

const { mounts } = createHost();

async function folders() {
  const base = await testFolder();
  const [source, target] = [join(base, "source"), join(base, "target")];
  await mkdir(source);
  await mkdir(target);
  await writeFile(join(source, "file"), "content");
  onTestFinished(async () => {
    for (const point of await mounts.listBelow(base)) await mounts.unmount(point);
  });
  return { base, source, target };
}

describe.skipIf(process.getuid?.() !== 0)("mounts (need root)", () => {
  test("a bound folder shows its source, below its own mount options", async () => {
    const { base, source, target } = await folders();
    await mounts.bind(source, target);
    await writeFile(join(target, "new"), "");
    expect(await readdir(source)).toEqual(["file", "new"]);
    expect(await mounts.listBelow(base)).toEqual([target]);
    const line = (await readFile("/proc/self/mountinfo", "utf8"))
      .split("\n")
      .find((entry) => entry.includes(` ${target} `));
    expect(line).toMatch(/ rw,nosuid,nodev/);
    await mounts.unmount(target);
    await mounts.unmount(target);
    expect(await mounts.listBelow(base)).toEqual([]);
  });

  test("read-only binds can't be written, and a single file can be bound", async () => {
    const { source, target } = await folders();
    const [from, to] = [join(source, "file"), join(target, "file")];
    await writeFile(to, "");
    await mounts.bind(from, to, { readonly: true });
    expect(await readFile(to, "utf8")).toBe("content");
    await expect(writeFile(to, "changed")).rejects.toMatchObject({ code: "EROFS" });
  });

  test("a file system in memory takes no more than it may, and is one of its own", async () => {
    const { base, target } = await folders();
    await mounts.tmpfs(target, 64 * 1024);
    const file = join(target, "file");
    await expect(writeFile(file, Buffer.alloc(128 * 1024))).rejects.toMatchObject({
      code: "ENOSPC",
    });
    expect((await stat(file)).size).toBe(64 * 1024);
    expect((await stat(target)).mode & 0o7777).toBe(0o700);
    await symlink(target, join(base, "link"));
    await expect(mounts.tmpfs(join(base, "link"), 4096)).rejects.toMatchObject({
      code: "HOST_FAILED",
    });
    await mounts.unmount(target);
    expect(await readdir(target)).toEqual([]);
  });

  test("propagation is what was asked for", async () => {
    const { source, target } = await folders();
    await mounts.bind(target, target, { propagation: "shared" });
    await mounts.bind(source, source);
    const info = (await readFile("/proc/self/mountinfo", "utf8")).split("\n");
    expect(info.find((line) => line.includes(` ${target} `))).toMatch(/ shared:\d+ /);
    expect(info.find((line) => line.includes(` ${source} `))).not.toMatch(/shared|master/);
  });

  test("a symlink in the target's place is neither mounted on nor followed", async () => {
    const { base, source, target } = await folders();
    const link = join(base, "link");
    await symlink(target, link);
    await expect(mounts.bind(source, link)).rejects.toMatchObject({
      code: "HOST_FAILED",
      message: expect.stringContaining("symbolic link"),
    });
    expect(await mounts.listBelow(base)).toEqual([]);
    await mounts.bind(source, target);
    await mounts.unmount(link);
    expect(await mounts.listBelow(base)).toEqual([target]);
  });

  test("mounts are listed deepest first, with strange names as they are", async () => {
    const { base, source, target } = await folders();
    await mounts.bind(source, target);
    const odd = join(target, "a b\\c\nd");
    await mkdir(odd);
    await mounts.bind(source, odd);
    expect(await mounts.listBelow(base)).toEqual([odd, target]);
    expect(await mounts.listBelow(`${target}x`)).toEqual([]);
  });

  test("a missing source or target is told", async () => {
    const { base, source } = await folders();
    await expect(mounts.bind(source, join(base, "none"))).rejects.toMatchObject({
      code: "HOST_FAILED",
      message: expect.stringContaining("none"),
    });
    await mounts.unmount(join(base, "none", "deeper"));
  });
});
