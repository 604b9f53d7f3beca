import { mkdir, readdir, rename, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, expect, test, vi } from "vitest";
import type { SandboxConfig, VirtContainers } from "../../src/index.ts";
import { createTestInstance, type TestInstance } from "../../src/testing/index.ts";
import { testFolder } from "../support/folder.ts";
import { refusal } from "../support/refusal.ts";
import { waiting } from "../support/sandbox.ts";

const place = "/run/kata-containers/shared/containers/c1/m0";
let instance: TestInstance;
let source: string;
afterEach(() => instance[Symbol.asyncDispose]());

async function setUp(options: Parameters<typeof createTestInstance>[0] = {}) {
  instance = await createTestInstance(options);
  // A folder in a folder: a test puts it aside.
  source = join(await testFolder(), "source");
  await mkdir(source);
  return instance.vc;
}

function config(path = source): SandboxConfig {
  const mount = { type: "bind", source: path, destination: "/etc/app", watchable: true } as const;
  return {
    id: "sb",
    hypervisorConfig: { sharedFS: "none" },
    containers: [{ ...waiting, mounts: [mount] }],
  };
}

/** Version after version, as the kubelet does it: a folder of its own, and then one rename. */
async function publish(version: string, files: Record<string, string>): Promise<void> {
  const folder = join(source, `..${version}`);
  await mkdir(folder);
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text);
  await symlink(`..${version}`, join(source, "..data_tmp"));
  await rename(join(source, "..data_tmp"), join(source, "..data"));
  for (const name of Object.keys(files))
    await symlink(join("..data", name), join(source, name)).catch(() => {});
  for (const name of await readdir(source))
    if (/^\.\.v/.test(name) && name !== `..${version}`)
      await rm(join(source, name), { recursive: true });
}

/** What the guest has, by path: a file's text, or where a link leads. */
function inGuest(): Record<string, string> {
  const found: Record<string, string> = {};
  for (const [path, { type, data }] of instance.agent("sb").files)
    if (type !== "folder") found[path.replace(`${place}/`, "")] = Buffer.from(data).toString();
  return found;
}

const of = (version: string, files: Record<string, string>): Record<string, string> => ({
  "..data": `..${version}`,
  ...Object.fromEntries(Object.keys(files).map((name) => [name, `..data/${name}`])),
  ...Object.fromEntries(
    Object.entries(files).map(([name, text]) => [`..${version}/${name}`, text]),
  ),
});

const eventually = { timeout: 20_000, interval: 20 };

test("whoever holds a sandbox gives it each new version of a folder: files first, the link last, no more than changed", async () => {
  const vc = await setUp();
  await publish("v1", { key: "one", same: "s" });
  await using sandbox = await vc.runSandbox(config());
  expect(inGuest()).toEqual(of("v1", { key: "one", same: "s" }));
  const before = instance.agent("sb").calls("CopyFile");
  await publish("v2", { key: "two", same: "s" });
  await expect.poll(inGuest, eventually).toEqual(of("v2", { key: "two", same: "s" }));
  const copied = instance.agent("sb").requests("CopyFile").slice(before) as { path: string }[];
  const names = copied.map(({ path }) => path.replace(place, ""));
  expect(names).toContain("/..v2/key");
  expect(names).not.toContain("/key");
  expect(names.lastIndexOf("/..data")).toBeGreaterThan(names.lastIndexOf("/..v2/key"));
  // In a folder below, which is new; and one in the place of a file.
  await writeFile(join(source, "..v2", "more"), "m");
  await expect.poll(inGuest, eventually).toMatchObject({ "..v2/more": "m" });
  await rm(join(source, "..v2", "more"));
  await mkdir(join(source, "..v2", "more"));
  await writeFile(join(source, "..v2", "more", "deep"), "d");
  await expect.poll(inGuest, eventually).toMatchObject({ "..v2/more/deep": "d" });
  expect(inGuest()["..v2/more"]).toBeUndefined();
  expect((await sandbox.status()).state).toBe("running");
});

test("a command sees what changed while nobody held the sandbox; so does a container that is started", async () => {
  const vc = await setUp();
  await publish("v1", { key: "one" });
  const created = await vc.createSandbox(config());
  await created.release();
  await publish("v2", { key: "two" });
  expect(inGuest()).toEqual(of("v1", { key: "one" }));
  await (await vc.startSandbox("sb")).release();
  expect(inGuest()).toEqual(of("v2", { key: "two" }));
  await publish("v3", { key: "three" });
  await enter(vc);
  expect(inGuest()).toEqual(of("v3", { key: "three" }));
  const copies = instance.agent("sb").calls("CopyFile");
  await enter(instance.another());
  expect(instance.agent("sb").calls("CopyFile")).toBe(copies);
});

async function enter(vc: VirtContainers): Promise<void> {
  const { sandbox } = await vc.enterContainer("sb", "c1", { args: ["true"] });
  await sandbox.release();
}

test("what is too large or gone stays as it was, and comes when it can; a paused guest gets it later", async () => {
  const warn = vi.fn();
  const logger = { debug() {}, info() {}, warn, error() {} };
  const vc = await setUp({ logger });
  await writeFile(join(source, "a"), "1");
  await using sandbox = await vc.runSandbox(config());
  await writeFile(join(source, "large"), Buffer.alloc(1024 * 1024));
  await writeFile(join(source, "a"), "2");
  await expect.poll(() => warn.mock.calls.length, eventually).toBeGreaterThan(0);
  await enter(vc);
  expect(inGuest()).toEqual({ a: "1" });
  await rm(join(source, "large"));
  await expect.poll(inGuest, eventually).toEqual({ a: "2" });
  await sandbox.pause();
  await writeFile(join(source, "a"), "3");
  await sandbox.resume();
  await expect.poll(inGuest, eventually).toEqual({ a: "3" });
  // The folder itself is replaced: found by the next command, and watched again.
  await rename(source, `${source}.old`);
  await enter(vc);
  expect(inGuest()).toEqual({ a: "3" });
  await mkdir(source);
  await writeFile(join(source, "b"), "4");
  expect((await sandbox.exec(["true"])).exitCode).toBe(0);
  expect(inGuest()).toEqual({ b: "4" });
  await writeFile(join(source, "b"), "5");
  await expect.poll(inGuest, eventually).toEqual({ b: "5" });
});

test("is refused where it can't be; an agent that can't take away keeps what is gone", async () => {
  const vc = await setUp({ agent: { features: ["virtcontainers"] } });
  const file = join(source, "0");
  await writeFile(file, "");
  expect(await refusal(vc.createSandbox(config(file)))).toMatchObject({
    code: "NOT_SUPPORTED",
    hint: "Mount the folder that it is in.",
  });
  for (let at = 0; at < 64; at++) await writeFile(join(source, `${at}`), "");
  const many = await refusal(vc.createSandbox(config()));
  expect(many).toMatchObject({ code: "NOT_SUPPORTED" });
  expect(many.message).toContain("1048576 bytes and 64 entries");
  await rm(file);
  await using sandbox = await vc.runSandbox(config());
  await rename(join(source, "1"), file);
  await sandbox.exec(["true"]);
  expect(Object.keys(inGuest())).toEqual(expect.arrayContaining(["0", "1"]));
});

test("copies go with their container; one that is made again under its id has nothing of the one before", async () => {
  const vc = await setUp();
  await writeFile(join(source, "old"), "");
  const { containers: [mounted] = [], ...bare } = config();
  await using sandbox = await vc.runSandbox({ ...bare, containers: [{ ...waiting, id: "c0" }] });
  if (mounted === undefined) throw new Error("no container");
  await sandbox.createContainer(mounted);
  await sandbox.deleteContainer("c1");
  expect(inGuest()).toEqual({});
  await rename(join(source, "old"), join(source, "new"));
  await sandbox.createContainer(mounted);
  expect(Object.keys(inGuest())).toEqual(["new"]);
  await rename(join(source, "new"), join(source, "newer"));
  await expect.poll(() => Object.keys(inGuest()), eventually).toEqual(["newer"]);
});
