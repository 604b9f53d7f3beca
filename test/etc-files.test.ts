import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Sandbox } from "virtcontainers";
import { afterAll, beforeAll, expect, test } from "vitest";
import { addImage, busyboxLayer, makeBusyboxImage } from "./support/images.ts";
import { leftovers, type TestInstance, testInstance } from "./support/instance.ts";

let instance: TestInstance;
let base: string;

beforeAll(async () => {
  instance = await testInstance();
  base = mkdtempSync(join(tmpdir(), "vc-etc-"));
});
afterAll(async () => {
  await instance[Symbol.asyncDispose]();
  rmSync(base, { recursive: true, force: true });
  expect(leftovers(instance)).toEqual([]);
});

/** Images whose own files would be in the way, or whose /etc is missing. */
async function importImages(): Promise<void> {
  const layout = join(base, "layout");
  const extra = [
    { path: "etc/hosts", type: "2", linkTarget: "/run/none/hosts" },
    { path: "etc/hostname", content: "the image's\n" },
  ];
  await makeBusyboxImage(layout, { name: "links", extra });
  const layer = (await busyboxLayer()).filter(({ path }) => !path.startsWith("etc/"));
  const bare = join(base, "bare");
  await addImage(bare, { name: "bare", layers: [layer], config: { Env: ["PATH=/bin"] } });
  await instance.vc.images.import(layout, { name: "links" });
  await instance.vc.images.import(bare, { name: "bare" });
}

/** A folder with busybox, and what else is to be in it. */
function makeRoot(name: string, folders: readonly string[]): string {
  const root = join(base, name);
  for (const folder of ["bin", "dev", "proc", "sys", ...folders])
    mkdirSync(join(root, folder), { recursive: true });
  execFileSync("cp", ["/bin/busybox", join(root, "bin")]);
  return root;
}

async function cat(sandbox: Sandbox, container: string, path: string): Promise<string> {
  const argv = ["/bin/busybox", "cat", path];
  return (await sandbox.exec(argv, { container, check: true })).stdout;
}

const local = "127.0.0.1\tlocalhost\n::1\tlocalhost\tip6-localhost\tip6-loopback\n";

test("every container knows itself, localhost and its loopback, whatever its root is", async () => {
  await importImages();
  writeFileSync(join(base, "hosts"), "192.0.2.1 mine\n");
  const folder = makeRoot("folder", []);
  const readonly = makeRoot("readonly", ["etc"]);
  const disk = join(base, "root.img");
  execFileSync("mkfs.ext4", ["-q", "-d", makeRoot("disk", []), disk, "16M"]);
  const waits = true;
  const source = join(base, "hosts");
  await using sandbox = await instance.vc.runSandbox({
    hostname: "web.example.org",
    containers: [
      { id: "image", image: "busybox", waits },
      { id: "links", image: "links", waits, readonlyRootfs: true },
      { id: "bare", image: "bare", waits },
      { id: "folder", rootFs: { target: folder, mounted: true }, waits },
      {
        id: "readonly",
        rootFs: { target: readonly, mounted: true, options: ["ro"] },
        waits,
      },
      { id: "disk", rootFs: { source: disk, type: "ext4" }, waits },
      {
        id: "own",
        image: "busybox",
        waits,
        mounts: [{ type: "bind", source, destination: "/etc/hosts" }],
      },
    ],
  });
  for (const container of ["image", "links", "bare", "folder", "disk"]) {
    const hosts = await cat(sandbox, container, "/etc/hosts");
    expect(hosts.startsWith(local), container).toBe(true);
    expect(hosts.endsWith("\n127.0.0.1\tweb.example.org\tweb\n"), container).toBe(true);
    expect(await cat(sandbox, container, "/etc/hostname"), container).toBe("web.example.org\n");
  }
  expect(await cat(sandbox, "own", "/etc/hosts")).toBe("192.0.2.1 mine\n");
  expect(await cat(sandbox, "own", "/etc/hostname")).toBe("web.example.org\n");
  // A read-only root without a place for them goes without, and is as it was.
  expect(readdirSync(join(readonly, "etc"))).toEqual([]);
  const write = (container: string) =>
    sandbox.exec(["/bin/busybox", "sh", "-c", "echo 192.0.2.2 two >> /etc/hosts"], { container });
  expect(await write("links")).toMatchObject({ exitCode: 1 });
  expect(await write("image")).toMatchObject({ exitCode: 0 });
  // They belong to the sandbox: its containers have one network, and one view of it.
  expect(await cat(sandbox, "bare", "/etc/hosts")).toContain("192.0.2.2 two");
  for (const name of ["localhost", "web", "web.example.org"]) {
    const { stdout } = await sandbox.exec(["ping", "-4", "-c", "1", name], {
      container: "image",
      check: true,
    });
    expect(stdout).toContain("(127.0.0.1)");
  }
  const six = await sandbox.exec(["ping", "-6", "-c", "1", "ip6-localhost"], {
    container: "image",
    check: true,
  });
  expect(six.stdout).toContain("(::1)");
});

test("also over 9p, and after a restart", async () => {
  const target = makeRoot("ninep", []);
  await using sandbox = await instance.vc.runSandbox({
    hostname: "nine",
    hypervisorConfig: { sharedFS: "virtio-9p" },
    containers: [{ id: "c1", rootFs: { target, mounted: true }, waits: true }],
  });
  const argv = ["/bin/busybox", "sh", "-c", "cat /etc/hostname; echo lost > /etc/hosts"];
  expect((await sandbox.exec(argv, { check: true })).stdout).toBe("nine\n");
  await sandbox.stop();
  await sandbox.start();
  expect(await cat(sandbox, "c1", "/etc/hosts")).toContain("127.0.0.1\tnine\n");
});
