import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Sandbox } from "virtcontainers";
import { afterAll, beforeAll, expect, test } from "vitest";
import { makeBusyboxImage } from "./support/images.ts";
import { leftovers, type TestInstance, testInstance } from "./support/instance.ts";

let instance: TestInstance;
let base: string;

beforeAll(async () => {
  instance = await testInstance();
  base = mkdtempSync(join(tmpdir(), "vc-filled-"));
  const owner = { uid: 1000, gid: 1000 };
  const extra = [
    { path: "data/", mode: 0o2750, uid: 70, gid: 71 },
    { path: "data/conf", content: "of the image\n", mode: 0o640, ...owner },
    { path: "data/linked", type: "1", linkTarget: "data/conf" },
    { path: "data/away", type: "2", linkTarget: "../../../../etc/passwd" },
    { path: "data/sub/", mode: 0o700, ...owner },
    { path: "data/sub/deep", content: "deep\n", ...owner },
    { path: "data/sparse", content: Buffer.alloc(4 << 20) },
    { path: "other/", uid: 70, gid: 70 },
    { path: "other/only", content: "only\n" },
    { path: "link", type: "2", linkTarget: "/other" },
    { path: "outside", type: "2", linkTarget: "../../../../../../run" },
  ];
  await makeBusyboxImage(join(base, "layout"), { name: "app", extra });
  await instance.vc.images.import(join(base, "layout"), { name: "app" });
});
afterAll(async () => {
  await instance[Symbol.asyncDispose]();
  rmSync(base, { recursive: true, force: true });
  expect(leftovers(instance)).toEqual([]);
});

type Mounts = readonly {
  source: string;
  destination: string;
  noCopy?: boolean;
  readOnly?: boolean;
}[];

/** A sandbox of the image with these volumes. */
function start(mounts: Mounts, image = "app"): Promise<Sandbox> {
  const volumes = mounts.map((mount) => ({ type: "volume" as const, ...mount }));
  const containers = [{ id: "c1", image, waits: true, mounts: volumes }];
  return instance.vc.runSandbox({ containers }, { deleteOnDispose: true });
}

const list = (path: string) => `cd ${path} && stat -c '%n %a %u:%g %h %s' . *`;

async function sh(sandbox: Sandbox, script: string): Promise<string> {
  return (await sandbox.exec(["sh", "-c", script], { check: true })).stdout;
}

const filled = [
  ". 2750 70:71 3 ",
  "away 777 0:0 1 22",
  "conf 640 1000:1000 2 13",
  "linked 640 1000:1000 2 13",
  "sparse 644 0:0 1 4194304",
];

test("a new volume gets what the image has in its place, once", async () => {
  const { volumes } = instance.vc;
  for (const name of ["folder", "other", "through", "away", "plain", "half", "whole"])
    await volumes.create({ name, driver: "folder" });
  await volumes.create({ name: "disk", driver: "ext4", sizeMiB: 32 });
  const pathOf = async (name: string): Promise<string> => (await volumes.inspect(name)).path;
  const [folder, half, whole] = await Promise.all(["folder", "half", "whole"].map(pathOf));
  if (folder === undefined || half === undefined || whole === undefined) throw new Error("no path");
  // As a kill leaves them: while it is copied, and while what is whole moves to its place.
  mkdirSync(join(half, ".virtcontainers-fill/sub"), { recursive: true });
  writeFileSync(join(half, ".virtcontainers-fill/conf"), "of the");
  mkdirSync(join(whole, ".virtcontainers-filled"));
  writeFileSync(join(whole, ".virtcontainers-filled/rest"), "rest");
  writeFileSync(join(whole, "moved"), "moved");
  const mounts: Mounts = [
    { source: "folder", destination: "/data" },
    { source: "disk", destination: "/other" },
    { source: "through", destination: "/outside" },
    { source: "away", destination: "/none" },
    { source: "plain", destination: "/data/sub", noCopy: true },
  ];
  {
    await using sandbox = await start(mounts);
    const found = (await sh(sandbox, list("/data"))).split("\n");
    // The size of a folder is its file system's.
    for (const line of filled) expect(found).toContainEqual(expect.stringContaining(line));
    expect(await sh(sandbox, "cat /data/conf; ls -A /data/sub")).toBe("of the image\n");
    expect(await sh(sandbox, "ls -A /outside /none")).toBe("/none:\n\n/outside:\n");
    await sh(sandbox, "rm -r /data/conf /data/linked; echo own > /data/own");
  }
  expect(readdirSync(folder).sort()).toEqual(["away", "own", "sparse", "sub"]);
  const sub = statSync(join(folder, "sub"));
  expect([sub.mode & 0o7777, sub.uid, sub.gid]).toEqual([0o700, 1000, 1000]);
  expect(readlinkSync(join(folder, "away"))).toBe("../../../../etc/passwd");
  expect(lstatSync(join(folder, "sparse")).blocks).toBeLessThan(64);
  expect(readFileSync(join(folder, "sub/deep"), "utf8")).toBe("deep\n");
  // Emptied by hand: it is not new any more.
  for (const name of readdirSync(folder)) rmSync(join(folder, name), { recursive: true });
  await using sandbox = await start([
    { source: "folder", destination: "/data" },
    { source: "disk", destination: "/disk" },
    { source: "plain", destination: "/data/sub" },
    { source: "half", destination: "/link" },
    { source: "whole", destination: "/srv" },
  ]);
  expect(await sh(sandbox, "ls -A /data; cat /disk/only; cat /data/sub/deep")).toBe(
    "sub\nonly\ndeep\n",
  );
  expect(await sh(sandbox, "cat /other/only; ls -A /link")).toBe("only\nonly\n");
  expect(readdirSync(whole).sort()).toEqual(["moved", "rest"]);
  expect(statSync(half).uid).toBe(70);
  expect(existsSync(join(half, ".virtcontainers-fill"))).toBe(false);
});

test("what has no room for it fails as a whole, and stays new", async () => {
  await instance.vc.volumes.create({ name: "small", driver: "ext4", sizeMiB: 16 });
  const layout = join(base, "large");
  const noise = Buffer.alloc(24 << 20, 1);
  const extra = [
    { path: "data/", uid: 70 },
    { path: "data/large", content: noise },
  ];
  await makeBusyboxImage(layout, { name: "large", extra });
  await instance.vc.images.import(layout, { name: "large" });
  const small = [{ source: "small", destination: "/data" }];
  await expect(start(small, "large")).rejects.toMatchObject({
    code: "AGENT_ERROR",
    message: expect.stringContaining("fill the volume for /data: No space left on device"),
  });
  await using sandbox = await start(small);
  expect(await sh(sandbox, "ls /data")).toBe("away\nconf\nlinked\nsparse\nsub\n");
});
