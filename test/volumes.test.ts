import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Sandbox } from "virtcontainers";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { leftovers, type TestInstance, testInstance } from "./support/instance.ts";

const image = "busybox";
let instance: TestInstance;
let base: string;

beforeAll(async () => {
  instance = await testInstance();
  base = mkdtempSync(join(tmpdir(), "vc-volumes-"));
  mkdirSync(join(base, "folder"));
  writeFileSync(join(base, "folder", "file"), "from the host\n");
  writeFileSync(join(base, "single, file"), "alone\n");
  mkdirSync(join(base, "settings"));
  writeFileSync(join(base, "settings", "mode"), "old\n");
});
afterAll(async () => {
  await instance[Symbol.asyncDispose]();
  rmSync(base, { recursive: true, force: true });
  expect(leftovers(instance)).toEqual([]);
});

async function sh(sandbox: Sandbox, script: string, container = "main"): Promise<string> {
  const { stdout } = await sandbox.exec(["sh", "-c", script], { container, check: true });
  return stdout;
}

describe("one sandbox with mounts of every type", () => {
  let sandbox: Sandbox;
  beforeAll(async () => {
    await instance.vc.volumes.create({ name: "kept" });
    await instance.vc.volumes.create({ name: "disk", driver: "ext4", sizeMiB: 32 });
    const source = join(base, "folder");
    const admin = ["CAP_SYS_ADMIN", "CAP_DAC_OVERRIDE", "CAP_CHOWN", "CAP_FOWNER", "CAP_MKNOD"];
    const capabilities = { bounding: admin, effective: admin, permitted: admin };
    sandbox = await instance.vc.runSandbox({
      shmSize: 8 * 1024 * 1024,
      volumes: [{ mountTag: "tagged", hostPath: source, readOnly: true }],
      containers: [
        {
          id: "main",
          image,
          waits: true,
          cmd: { args: [], capabilities },
          mounts: [
            { type: "bind", source, destination: "/ro", readOnly: true },
            { type: "bind", source, destination: "/rw" },
            { type: "bind", source: join(base, "single, file"), destination: "/etc/single" },
            { type: "tmpfs", destination: "/memory", sizeMiB: 4 },
            { type: "ephemeral", source: "together", destination: "/together", sizeMiB: 8 },
            { type: "local", source: "place", destination: "/place" },
            { type: "volume", source: "kept", destination: "/kept" },
            { type: "volume", source: "disk", destination: "/disk" },
            { type: "volume", source: "tagged", destination: "/tagged" },
          ],
        },
        {
          id: "second",
          image,
          waits: true,
          mounts: [
            { type: "ephemeral", source: "together", destination: "/t" },
            { type: "local", source: "place", destination: "/p" },
            { type: "volume", source: "disk", destination: "/d" },
          ],
        },
      ],
    });
  });
  afterAll(async () => {
    await sandbox.delete({ force: true });
  });

  test("folders and files of the host, to read and to write", async () => {
    expect(await sh(sandbox, "cat /ro/file /etc/single /tagged/file")).toBe(
      "from the host\nalone\nfrom the host\n",
    );
    await sh(sandbox, "echo guest > /rw/new; echo changed > /etc/single");
    expect(readFileSync(join(base, "folder", "new"), "utf8")).toBe("guest\n");
    expect(readFileSync(join(base, "single, file"), "utf8")).toBe("changed\n");
    expect(await sh(sandbox, "cat /ro/new")).toBe("guest\n");
  });

  test("what is read-only stays so when the guest mounts it again as writable", async () => {
    await sh(sandbox, "mount -o remount,bind,rw /ro; grep ' /ro ' /proc/mounts | grep -q ' rw'");
    for (const path of ["/ro/evil", "/ro/file"]) {
      expect(await sandbox.exec(["sh", "-c", `echo evil > ${path}`])).toMatchObject({
        exitCode: 1,
        stderr: expect.stringContaining("Read-only"),
      });
    }
    expect(readFileSync(join(base, "folder", "file"), "utf8")).toBe("from the host\n");
  });

  test("memory of a size, and memory, folders and disks that containers share", async () => {
    expect(await sh(sandbox, "df -k /memory /dev/shm | awk 'NR>1 {print $2}'")).toBe(
      "4096\n8192\n",
    );
    await sh(sandbox, "for d in together place disk dev/shm; do echo $d > /$d/x; done");
    expect(await sh(sandbox, "cat /t/x /p/x /d/x /dev/shm/x", "second")).toBe(
      "together\nplace\ndisk\ndev/shm\n",
    );
    expect(await sh(sandbox, "df -k /together | awk 'NR>1 {print $2}'")).toBe("8192\n");
  });
});
