import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { leftovers, type TestInstance, testInstance } from "./support/instance.ts";

let instance: TestInstance;

beforeAll(async () => {
  instance = await testInstance();
});
afterAll(async () => {
  await instance[Symbol.asyncDispose]();
  expect(leftovers(instance)).toEqual([]);
});

const isRoot = process.getuid?.() === 0;

test.skipIf(!isRoot)(
  "no other user reads an image, a disk or a log while a sandbox runs",
  async () => {
    const { vc, stateDir, dataDir } = instance;
    await vc.volumes.create({ name: "disk", driver: "ext4", sizeMiB: 16 });
    await using sandbox = await vc.runSandbox({
      id: "private",
      containers: [
        {
          id: "main",
          image: "busybox",
          cmd: { args: ["sleep", "1000"] },
          scratchMiB: 32,
          mounts: [{ type: "volume", source: "disk", destination: "/data" }],
        },
      ],
    });
    const { stdout } = await sandbox.exec([
      "sh",
      "-c",
      "echo kept > /data/x && cat /data/x && ls /data",
    ]);
    expect(stdout).toBe("kept\nx\n");
    const files = [stateDir, dataDir].flatMap(filesBelow);
    for (const name of ["root.erofs", "disk.img", "log.bin", "sandbox.json"]) {
      expect(files.filter((path) => path.endsWith(name))).not.toEqual([]);
    }
    expect(readableBy(65_534, files)).toEqual([]);
    expect(
      commandLines().filter((line) => line.includes(dataDir) && line.includes("qemu")),
    ).toEqual([]);
    await sandbox.delete({ force: true });
  },
);

function filesBelow(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}

/** Those of the files that a user with no other rights can open. */
function readableBy(uid: number, files: readonly string[]): string[] {
  const script = 'for path; do head -c 1 "$path" >/dev/null 2>&1 && echo "$path"; done; true';
  const options = { uid, gid: uid, encoding: "utf8" } as const;
  return execFileSync("sh", ["-c", script, "sh", ...files], options)
    .split("\n")
    .filter(Boolean);
}

function commandLines(): string[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map((pid) => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`, "latin1").replaceAll("\0", " ");
      } catch {
        return "";
      }
    });
}
