import { execFileSync } from "node:child_process";
import { truncateSync } from "node:fs";
import { chmod, mkdir, symlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import * as v from "valibot";
import { describe, expect, test } from "vitest";
import type { TarMember } from "../../../../test/support/tar.ts";
import { userInNumbers } from "../../src/container/user/numbers.ts";
import type { ContainerConfig } from "../../src/index.ts";
import { StoredContainer } from "../../src/store/schema.ts";
import { importLayers } from "../image/support/layers.ts";
import { testFolder } from "../support/folder.ts";
import { refusal } from "../support/refusal.ts";

const files: TarMember[] = [
  {
    path: "etc/passwd",
    content: "broken\nroot:x:0:0::/root:\nbad:x:-1:0::/:\nweb:x:33:34::/srv:\nlone:x:40:41::/:",
  },
  { path: "etc/group", content: "www:x:34:\nlog:x:50:root,web\nweblog:x:51:webx\nadm:x:52:web\n" },
];

interface Root {
  image?: string;
  rootFolder?: string;
}

/** The same root as a packed image and as a folder. */
const roots: [string, (members: readonly TarMember[]) => Promise<Root>][] = [
  ["an image", async (members) => ({ image: (await importLayers([members])).image.path })],
  ["a folder", async (members) => ({ rootFolder: await folderOf(members) })],
];

async function folderOf(members: readonly TarMember[]): Promise<string> {
  const folder = await testFolder();
  for (const { path, type, content, linkTarget } of members) {
    const place = join(folder, path);
    await mkdir(dirname(place), { recursive: true });
    if (type === "2") await symlink(linkTarget ?? "", place);
    else if (type === "6") execFileSync("mkfifo", [place]);
    else await writeFile(place, content ?? "");
  }
  return folder;
}

function containerOf({ image, rootFolder }: Root, own: Partial<ContainerConfig> = {}) {
  const empty = { env: [], entrypoint: [], cmd: [], workingDir: "", user: "" };
  return v.parse(StoredContainer, {
    ...{
      id: "c1",
      state: "ready",
      config: { id: "c1", image: "x", ...own },
      drives: {},
      argv: [],
      pid: 0,
    },
    ...(image && { image: { name: "x", digest: "", path: image, config: empty } }),
    ...(rootFolder && { rootFolder }),
    ...{ createdAt: "", startTime: "" },
  });
}

async function told(
  root: Root,
  uid: string,
  more: { gid?: string; additionalGids?: string[] } = {},
) {
  const user = await userInNumbers({ uid, ...more }, containerOf(root), "sb");
  return [user.uid, user.gid, user.additionalGids];
}

describe.each(roots)("a user, looked up on the host in %s", (_kind, make) => {
  test("has the groups that the container's files give it, the primary one among them", async () => {
    const root = await make(files);
    expect(await told(root, "web")).toEqual([33, 34, [34, 50, 52]]);
    expect(await told(root, "33")).toEqual([33, 34, [34, 50, 52]]);
    expect(await told(root, "root")).toEqual([0, 0, [0, 50]]);
    expect(await told(root, "lone")).toEqual([40, 41, [41]]);
    expect(await told(root, "1000")).toEqual([1000, 0, [0]]);
    expect(await told(root, "web:log")).toEqual([33, 50, [50]]);
    expect(await told(root, "web", { gid: "7" })).toEqual([33, 7, [7]]);
    const additionalGids = ["adm", "9"];
    expect(await told(root, "web", { additionalGids })).toEqual([33, 34, [34, 50, 52, 9]]);
    expect(await told(root, "", { additionalGids })).toEqual([0, 0, [0, 52, 9]]);
  });

  test.each([
    ["nobody", "cmd.user", "/etc/passwd"],
    ["bad", "cmd.user", "/etc/passwd"],
    ["4294967295", "cmd.user", "/etc/passwd"],
    ["web:staff", "cmd.primaryGroup", "/etc/group"],
  ])("that is not there is told: %s", async (uid, field, path) => {
    const told = refusal(userInNumbers({ uid }, containerOf(await make(files)), "sb"));
    expect(await told).toMatchObject({
      code: "INVALID_ARGUMENT",
      field,
      message: expect.stringContaining(path),
    });
  });

  test("no link leads out of the root, and no pipe is waited for", async () => {
    const [passwd, group] = files.map(({ content }) => content ?? "");
    const links = await make([
      { path: "usr/lib/accounts", content: passwd ?? "" },
      { path: "etc/passwd", type: "2", linkTarget: "../../../../usr/./lib/accounts" },
      { path: "shared", type: "2", linkTarget: "/data" },
      { path: "data/group", content: group ?? "" },
      { path: "etc/group", type: "2", linkTarget: "/../shared/group" },
    ]);
    expect(await told(links, "web")).toEqual([33, 34, [34, 50, 52]]);
    const out = await testFolder();
    await writeFile(join(out, "passwd"), passwd ?? "");
    const bad = [
      { path: "etc/passwd", type: "2", linkTarget: join(out, "passwd") },
      { path: "etc/passwd", type: "2", linkTarget: "/etc/passwd" },
      { path: "etc/passwd", type: "6" },
    ];
    for (const member of bad) {
      await refusal(told(await make([member]), "web"), "INVALID_ARGUMENT");
      expect(await told(await make([member]), "7")).toEqual([7, 0, [0]]);
    }
  });

  test("is not looked up in what lies under a mount", async () => {
    const root = await make([
      ...files,
      { path: "also", type: "2", linkTarget: "etc" },
      { path: "other/file", content: "" },
    ]);
    const lookUp = (destination: string, uid: string) => {
      const mounts: ContainerConfig["mounts"] = [{ type: "tmpfs", destination }];
      return userInNumbers({ uid }, containerOf(root, { mounts }), "sb");
    };
    for (const hidden of ["/etc", "/etc/passwd", "//etc/./group", "/also"])
      expect(await refusal(lookUp(hidden, "web"), "NOT_SUPPORTED")).toMatchObject({
        field: "cmd.user",
        message: expect.stringContaining("lies under a mount"),
      });
    for (const other of ["/etc/passwd.d", "/other", "/etc/hosts"])
      expect(await lookUp(other, "web")).toMatchObject({ uid: 33, additionalGids: [34, 50, 52] });
    expect(await lookUp("/etc", "33")).toMatchObject({ uid: 33, gid: 0, additionalGids: [0] });
  });

  test("is none of a line that is cut off where too much of a file begins", async () => {
    const start = `${"#".repeat(4 * 2 ** 20 - 12)}\n`;
    const root = await make([{ path: "etc/passwd", content: `${start}cut:x:1:1234::/:\n` }]);
    await refusal(told(root, "cut"), "INVALID_ARGUMENT");
  });
});

test("a name is found among thousands, and by its own letters alone", async () => {
  const many = Array.from({ length: 3000 }, (_, number) => ({
    path: `etc/p${number}${"é".repeat(number % 20)}`,
    content: "",
  }));
  const passwd = { path: "etc/é", content: "web:x:33:34::/:\n" };
  const link = { path: "etc/passwd", type: "2", linkTarget: "é" };
  const { image } = await importLayers([[...many, passwd, link]]);
  expect(await told({ image: image.path }, "web")).toEqual([33, 34, [34]]);
});

test("where the host sees no files a number is one, root is 0, and another name is refused", async () => {
  expect(await told({}, "1000:1001")).toEqual([1000, 1001, [1001]]);
  expect(await told({}, "root:root")).toEqual([0, 0, [0]]);
  const refused = await refusal(told({}, "web"), "NOT_SUPPORTED");
  expect(refused.message).toMatch(/the user is "web".*the container's root is a disk/);
  for (const wrong of ["4294967295", "99999999999", "-1", "1e3", " 1"])
    await refusal(told({}, wrong), "NOT_SUPPORTED");
});

test("a damaged image is told, wherever it was cut", async () => {
  const { image } = await importLayers([files]);
  await chmod(image.path, 0o600);
  for (const size of [4096 + 200, 4096, 100, 0]) {
    truncateSync(image.path, size);
    const refused = await refusal(told({ image: image.path }, "web"), "NOT_SUPPORTED");
    expect(refused.message).toContain("the packed image is damaged");
    expect(await told({ image: image.path }, "7")).toEqual([7, 0, [0]]);
  }
});
