import { execFileSync } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import {
  chownSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import type { Sandbox } from "virtcontainers";
import { findGuestDir, loadGuestAssets } from "virtcontainers/host";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { leftovers, type TestInstance, testInstance } from "./support/instance.ts";

const image = "busybox";

/** Tells the name of the first file that is moved into a folder; busybox has no program for it. */
const watcher = `
#include <stdio.h>
#include <sys/inotify.h>
#include <unistd.h>
int main(int argc, char **argv) {
  static union { struct inotify_event event; char bytes[4096]; } got;
  int fd = inotify_init();
  if (inotify_add_watch(fd, argv[1], IN_MOVED_TO) < 0) return 1;
  puts("watching");
  fflush(stdout);
  if (read(fd, got.bytes, sizeof got.bytes) <= 0) return 2;
  puts(got.event.name);
  return 0;
}`;
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

  test("their status tells what carries them", async () => {
    const { mounts } = await sandbox.statusContainer("main");
    const at = (destination: string) => mounts.find((mount) => mount.destination === destination);
    expect(readFileSync(join(at("/ro")?.hostPath ?? "", "file"), "utf8")).toBe("from the host\n");
    expect(at("/ro")).toMatchObject({ readOnly: true, blockDeviceID: undefined });
    expect(at("/disk")).toMatchObject({
      source: "disk",
      blockDeviceID: expect.stringMatching(/^vol-/),
      hostPath: undefined,
    });
    expect(at("/memory")).toMatchObject({ hostPath: undefined, blockDeviceID: undefined });
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

test("a volume keeps its data when its sandbox is gone, as a folder and as a disk", async () => {
  const run = async (script: string): Promise<string> => {
    const mounts = ["kept", "disk"].map((source) => {
      return { type: "volume", source, destination: `/${source}` } as const;
    });
    const containers = [{ id: "main", image, waits: true, mounts }];
    await using sandbox = await instance.vc.runSandbox({ containers }, { deleteOnDispose: true });
    return await sh(sandbox, script);
  };
  await run("echo here > /kept/file; echo there > /disk/file");
  expect(await run("cat /kept/file /disk/file")).toBe("here\nthere\n");
  expect((await instance.vc.volumes.inspect("disk")).usedBy).toEqual([]);
});

test("a watched folder changes under a running container, and inotify tells", async () => {
  const source = join(base, "settings");
  const tools = join(base, "tools");
  mkdirSync(tools);
  execFileSync("cc", ["-static", "-x", "c", "-o", join(tools, "watch"), "-"], { input: watcher });
  const mounts = [
    { type: "bind", source, destination: "/settings", watchable: true } as const,
    { type: "bind", source: tools, destination: "/tools" } as const,
  ];
  const containers = [{ id: "main", image, waits: true, mounts }];
  await using sandbox = await instance.vc.runSandbox({ containers }, { deleteOnDispose: true });
  expect(await sh(sandbox, "cat /settings/mode")).toBe("old\n");
  const told: string[] = [];
  for await (const line of sandbox.exec(["/tools/watch", "/settings"]).lines()) {
    if (line === "watching") writeFileSync(join(source, "added"), "new\n");
    else told.push(line);
  }
  expect(told).toEqual(["added"]);
  expect(await sh(sandbox, "cat /settings/added")).toBe("new\n");
});

test("without a shared file system a folder is copied, with links, modes and owners", async () => {
  const source = join(base, "copied");
  mkdirSync(source);
  writeFileSync(join(source, "script"), "#!/bin/sh\n", { mode: 0o750 });
  chownSync(join(source, "script"), 1234, 4321);
  symlinkSync("/etc/passwd", join(source, "link"));
  const settings = join(base, "followed");
  publish(settings, "v1", "one\n");
  const mounts = [
    { type: "bind", source, destination: "/copied", readOnly: true } as const,
    { type: "bind", source: join(base, "tools"), destination: "/tools", readOnly: true } as const,
    { type: "bind", source: settings, destination: "/settings", watchable: true } as const,
  ];
  const containers = [{ id: "main", image, waits: true, mounts }];
  const config = { hypervisorConfig: { sharedFS: "none" }, containers } as const;
  await using sandbox = await instance.vc.runSandbox(config, { deleteOnDispose: true });
  expect(await sh(sandbox, "cd /copied; stat -c '%a %u %g' script; readlink link")).toBe(
    "750 1234 4321\n/etc/passwd\n",
  );
  expect(await sandbox.exec(["touch", "/copied/x"])).toMatchObject({ exitCode: 1 });
  const added = { ...containers[0], id: "added" };
  await sandbox.createContainer(added);
  await sandbox.startContainer("added");
  expect(await sh(sandbox, "cat /copied/script", "added")).toBe("#!/bin/sh\n");

  // A folder that is watched follows the host, by one rename of the link that leads to it; inotify tells.
  expect(await sh(sandbox, "cat /settings/mode")).toBe("one\n");
  const told: string[] = [];
  for await (const line of sandbox.exec(["/tools/watch", "/settings"]).lines()) {
    if (line === "watching") publish(settings, "v2", "two\n");
    else told.push(line);
  }
  expect(told).toEqual(["..data"]);
  for (const id of ["main", "added"])
    expect(await sh(sandbox, "cat /settings/mode; ls -A /settings", id)).toBe(
      "two\n..data\n..v2\nmode\n",
    );
  // What changed while nobody held the sandbox is there for the next command.
  await sandbox.release();
  publish(settings, "v3", "three\n");
  expect(await sh(sandbox, "cat /settings/mode")).toBe("three\n");
});

/** A new version of settings as the kubelet makes it: a folder of its own, then one rename, then the old one goes. */
function publish(folder: string, version: string, mode: string): void {
  mkdirSync(join(folder, `..${version}`), { recursive: true });
  writeFileSync(join(folder, `..${version}`, "mode"), mode);
  symlinkSync(`..${version}`, join(folder, "..data_tmp"));
  renameSync(join(folder, "..data_tmp"), join(folder, "..data"));
  if (version === "v1") symlinkSync("..data/mode", join(folder, "mode"));
  for (const name of readdirSync(folder))
    if (/^\.\.v/.test(name) && name !== `..${version}`)
      rmSync(join(folder, name), { recursive: true });
}

test("9p shares to read and to write with the tuned kernel, and Debian's refuses it by name", async () => {
  const source = join(base, "folder");
  const mounts = [
    { type: "bind", source, destination: "/rw" } as const,
    { type: "bind", source, destination: "/ro", readOnly: true } as const,
  ];
  const containers = [{ id: "main", image, waits: true, mounts }];
  const config = { hypervisorConfig: { sharedFS: "virtio-9p" }, containers } as const;
  const { flavour } = await loadGuestAssets(findGuestDir(process.env));
  if (flavour === "debian") {
    await expect(instance.vc.runSandbox(config)).rejects.toMatchObject({
      code: "NOT_SUPPORTED",
      field: "hypervisorConfig.sharedFS",
    });
    return;
  }
  await using sandbox = await instance.vc.runSandbox(config, { deleteOnDispose: true });
  await sh(sandbox, "echo nine > /rw/nine; cat /ro/file");
  expect(readFileSync(join(source, "nine"), "utf8")).toBe("nine\n");
  expect(await sandbox.exec(["touch", "/ro/x"])).toMatchObject({ exitCode: 1 });
});

test("files go into a container and come out again, with folders, links and modes", async () => {
  const containers = [{ id: "main", image, waits: true }];
  await using sandbox = await instance.vc.runSandbox({ containers }, { deleteOnDispose: true });
  const source = join(base, "tree");
  mkdirSync(join(source, "below"), { recursive: true });
  const bytes = randomBytes(3 * 1024 * 1024 + 17);
  writeFileSync(join(source, "below", "bytes"), bytes, { mode: 0o640 });
  symlinkSync("below/bytes", join(source, "link"));
  expect(await sandbox.copyTo("main", source, "/tmp")).toMatchObject({ files: 1, links: 1 });
  expect(await sh(sandbox, "cd /tmp/tree; stat -c '%a %u' below/bytes; sha256sum < link")).toBe(
    `640 0\n${createHash("sha256").update(bytes).digest("hex")}  -\n`,
  );
  await sh(sandbox, "cd /tmp/tree; ln -s /etc/passwd out; mkfifo pipe; ln -s /tmp/tree /there");
  const { skipped } = await sandbox.copyFrom("main", "/there/.", join(base, "back"));
  expect(skipped.map(({ path }) => path)).toEqual(["out", "pipe"]);
  expect(readFileSync(join(base, "back", "link")).equals(bytes)).toBe(true);
  const tar: Uint8Array[] = [];
  await sandbox.exportTar("main", "/tmp/tree/below", (data) => void tar.push(data));
  await sandbox.importTar("main", "/var", Readable.from(tar));
  expect(await sh(sandbox, "cmp /tmp/tree/below/bytes /var/below/bytes && echo same")).toBe(
    "same\n",
  );
  await expect(sandbox.copyFrom("main", "/none", base)).rejects.toMatchObject({
    code: "INVALID_ARGUMENT",
    field: "guestPath",
  });
});
