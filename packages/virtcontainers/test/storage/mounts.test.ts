import { mkdir, readdir, rename, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { createHost } from "../../src/host/real.ts";
import type { ContainerConfig, SandboxConfig } from "../../src/index.ts";
import { createTestInstance } from "../../src/testing/index.ts";
import { testFolder } from "../support/folder.ts";
import { refusal } from "../support/refusal.ts";

type Mounts = NonNullable<ContainerConfig["mounts"]>;

function sandboxWith(mounts: Mounts, config: Partial<SandboxConfig> = {}): SandboxConfig {
  return { ...config, containers: [{ id: "c1", image: "busybox", waits: true, mounts }] };
}

function folderRoot(rootFs: NonNullable<ContainerConfig["rootFs"]>): SandboxConfig {
  return { containers: [{ id: "c1", rootFs, waits: true }] };
}

const copying = { hypervisorConfig: { sharedFS: "none" } } as const;

describe("mounts that are refused before anything is taken", () => {
  test.each([
    ["options.0", { type: "tmpfs", destination: "/t", options: ["size=1m,mode=777"] }],
    ["options.0", { type: "tmpfs", destination: "/t", options: ["-o"] }],
    ["options.0", { type: "tmpfs", destination: "/t", options: ["ro\nrw"] }],
    ["destination", { type: "tmpfs", destination: "/a/../b" }],
    ["destination", { type: "tmpfs", destination: "/" }],
    ["destination", { type: "tmpfs", destination: "t" }],
    ["source", { type: "bind", source: "relative", destination: "/t" }],
    ["source", { type: "bind", source: "/no\nnewline", destination: "/t" }],
    ["source", { type: "bind", source: "/not-there", destination: "/t" }],
    ["source", { type: "bind", source: "/dev/null", destination: "/t" }],
    ["source", { type: "ephemeral", source: "a,b", destination: "/t" }],
    ["source", { type: "volume", source: "../other", destination: "/t" }],
  ] satisfies [string, Mounts[number]][])("by its %s: %j", async (field, mount) => {
    await using instance = await createTestInstance();
    const error = await refusal(instance.vc.createSandbox(sandboxWith([mount])));
    expect(error).toMatchObject({
      code: "INVALID_ARGUMENT",
      field: `containers.0.mounts.0.${field}`,
    });
    expect(await instance.vc.listSandbox()).toEqual([]);
  });

  test("two at one place, an unknown volume, a copy that could be written to", async () => {
    await using instance = await createTestInstance();
    const create = (mounts: Mounts) =>
      refusal(instance.vc.createSandbox(sandboxWith(mounts, copying)));
    const tmpfs = { type: "tmpfs", destination: "/t" } as const;
    expect((await create([tmpfs, tmpfs])).message).toContain("must differ");
    expect((await create([{ type: "volume", source: "none", destination: "/t" }])).code).toBe(
      "VOLUME_NOT_FOUND",
    );
    expect(await create([{ type: "bind", source: "/tmp", destination: "/t" }])).toMatchObject({
      code: "NOT_SUPPORTED",
      field: "containers.0.mounts.0.source",
      hint: expect.stringContaining("readOnly"),
    });
  });
});

test("without a shared file system a folder is copied, and not what its links lead to", async () => {
  const source = await testFolder();
  await mkdir(join(source, "below"), { mode: 0o750 });
  await writeFile(join(source, "below", "file"), "content", { mode: 0o640 });
  await writeFile(join(source, "empty"), "");
  await symlink("/etc/passwd", join(source, "link"));
  await using instance = await createTestInstance();
  const mounts: Mounts = [{ type: "bind", source, destination: "/t", readOnly: true }];
  await instance.vc.createSandbox({ id: "copies", ...sandboxWith(mounts, copying) });
  expect(instance.agent("copies").calls("CopyFile")).toBe(5);
});

test("a folder that is too large to be copied is refused, and nothing is left", async () => {
  const source = await testFolder();
  await writeFile(join(source, "large"), Buffer.alloc(65 * 1024 * 1024));
  await using instance = await createTestInstance();
  const mounts: Mounts = [{ type: "bind", source, destination: "/t", readOnly: true }];
  const error = await refusal(instance.vc.createSandbox(sandboxWith(mounts, copying)));
  expect(error).toMatchObject({
    code: "NOT_SUPPORTED",
    message: expect.stringContaining("too large"),
  });
  expect(await instance.vc.listSandbox()).toEqual([]);
});

describe.skipIf(process.getuid?.() !== 0)("shared mounts (need root)", () => {
  test.each<[what: string, config: (source: string) => SandboxConfig]>([
    ["a mount", (source) => sandboxWith([{ type: "bind", source, destination: "/t" }])],
    ["a root", (source) => folderRoot({ source, type: "bind" })],
    ["a mounted root", (target) => folderRoot({ target, mounted: true })],
  ])(
    "%s, swapped for a symlink since the create, is not followed at the next start",
    async (_what, config) => {
      const base = await testFolder();
      const source = join(base, "source");
      await mkdir(source);
      await symlink(source, join(base, "link"));
      await using instance = await createTestInstance();
      const sandbox = await instance.vc.runSandbox(config(join(base, "link")));
      await sandbox.stop();
      await rename(source, join(base, "moved"));
      await symlink("/etc", source);
      const error = await refusal(sandbox.start());
      expect(error.message).toContain(source);
      const { mounts } = createHost();
      const state = join(instance.folder, "state", "sbs", sandbox.id);
      expect(await mounts.listBelow(state)).toEqual([]);
      await sandbox.release();
    },
  );

  test("the guest's view is read-only where nothing is mounted, and has each mount", async () => {
    const source = await testFolder();
    await using instance = await createTestInstance();
    const sandbox = await instance.vc.runSandbox(
      sandboxWith([{ type: "bind", source, destination: "/t" }]),
    );
    const view = join(instance.folder, "state", "sbs", sandbox.id, "shared");
    await expect(mkdir(join(view, "evil"))).rejects.toMatchObject({ code: "EROFS" });
    await expect(symlink("/etc", join(view, "c1", "evil"))).rejects.toMatchObject({
      code: "EROFS",
    });
    await writeFile(join(view, "c1", "m0", "file"), "");
    const [mount] = (await sandbox.statusContainer("c1")).mounts;
    expect(mount).toMatchObject({ type: "bind", source, destination: "/t", readOnly: false });
    expect(await readdir(mount?.hostPath ?? "")).toEqual(["file"]);
    await sandbox.stopContainer("c1");
    await sandbox.deleteContainer("c1");
    const { mounts } = createHost();
    expect(await mounts.listBelow(view)).toEqual([view]);
    await sandbox.release();
  });
});
