import { execFileSync } from "node:child_process";
import { lstat, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { faultyDevices } from "../../src/host/devices.ts";
import { testFolder } from "../support/folder.ts";

const isRoot = process.getuid?.() === 0;

/** Devices as a host has them, in a folder of their own, but for one; gives what is found wrong. */
async function found(name: string, spoil: (path: string) => unknown) {
  const folder = await testFolder();
  const at = (path: string) => join(folder, path.replace("/dev/", ""));
  for (const [device, minor] of Object.entries({ null: 3, zero: 5, random: 8, urandom: 9 })) {
    if (device !== name) mknod(at(device), "666", minor);
  }
  await spoil(at(name));
  return await faultyDevices((path) => lstat(at(path)));
}

function mknod(path: string, mode: string, minor: number): void {
  execFileSync("mknod", ["-m", mode, path, "c", "1", `${minor}`]);
}

test("those of this host are as they should be", async () => {
  expect(await faultyDevices()).toEqual([]);
});

test.skipIf(!isRoot)("a mode that keeps other users out is told, and how to mend it", async () => {
  expect(await found("null", (path) => mknod(path, "644", 3))).toEqual([
    {
      detail: "/dev/null has mode 0644, and can't be read and written by all users",
      remedy: "Run: sudo chmod 666 /dev/null",
    },
  ]);
  expect(await found("urandom", (path) => mknod(path, "640", 9))).toHaveLength(1);
  expect(await found("urandom", (path) => mknod(path, "644", 9))).toEqual([]);
});

test.skipIf(!isRoot).each([
  ["a file", (path: string) => writeFile(path, "", { mode: 0o666 })],
  ["a link", (path: string) => symlink("zero", path)],
  ["another device", (path: string) => mknod(path, "666", 5)],
])("%s in its place is told, and how to mend it", async (_, spoil) => {
  expect(await found("null", spoil)).toEqual([
    {
      detail: "/dev/null is not the device 1:3",
      remedy: "Run: sudo rm -f /dev/null && sudo mknod -m 666 /dev/null c 1 3",
    },
  ]);
});

test.skipIf(!isRoot)("one that is missing is told", async () => {
  expect(await found("zero", () => {})).toMatchObject([{ detail: "/dev/zero is missing" }]);
});
