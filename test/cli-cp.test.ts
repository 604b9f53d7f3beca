import { execFileSync } from "node:child_process";
import { once } from "node:events";
import {
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Virtc } from "./support/virtc.ts";

let virtc: Virtc;
let here: string;
beforeAll(async () => {
  virtc = await Virtc.create();
  here = join(virtc.folder, "here");
  mkdirSync(join(here, "site", "sub"), { recursive: true });
  writeFileSync(join(here, "site", "index"), "<p>\n", { mode: 0o640 });
  writeFileSync(join(here, "site", "sub", "large"), Buffer.alloc(3_000_001, "x"));
  symlinkSync("sub/large", join(here, "site", "link"));
  writeFileSync(join(here, "a:b"), "colon\n");
  await done(["run", "-d", "--name", "web", "busybox", "sleep", "infinity"]);
});
afterAll(async () => {
  expect(await virtc.end()).toEqual([]);
});

/** Runs a command line that must succeed, and gives what it printed. */
async function done(args: string[], input: string | Uint8Array = ""): Promise<string> {
  const { code, stdout, stderr } = await virtc.run(args, { cwd: here, input });
  expect([code, stderr], args.join(" ")).toEqual([0, ""]);
  return stdout;
}
const cp = (...args: string[]): Promise<string> => done(["cp", ...args]);
const inside = (script: string): Promise<string> => done(["exec", "web", "sh", "-c", script]);

/** What a refused copy says; nothing goes to standard output. */
async function refused(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await virtc.run(["cp", ...args], { cwd: here });
  expect([code, stdout], args.join(" ")).toEqual([125, ""]);
  return stderr;
}

test("a file or folder goes where docker's cp puts it, both ways", async () => {
  await inside("mkdir /srv /dest /flat");
  // Into a folder that is there, under its own name; to a new name where there is none.
  await cp("site", "web:/srv");
  await cp("site", "web:/srv/renamed");
  await cp("site/.", "web:/flat");
  await cp("site/index", "web:/dest/");
  await cp("site/index", "web:/dest/other");
  await cp("./a:b", "web:dest");
  expect(await inside("cd /srv; ls site renamed; ls -A /flat /dest")).toBe(
    "renamed:\nindex\nlink\nsub\n\nsite:\nindex\nlink\nsub\n" +
      "/dest:\na:b\nindex\nother\n\n/flat:\nindex\nlink\nsub\n",
  );
  expect(
    await inside("cd /srv/site; stat -c '%a %u' index; readlink link; wc -c < sub/large"),
  ).toBe("640 0\nsub/large\n3000001\n");
  // A file replaces a file.
  await inside("echo mine > /dest/other");
  await cp("site/index", "web:/dest/other");
  expect(await inside("cat /dest/other")).toBe("<p>\n");

  await inside("chown 1234:4321 /srv/site/index; mkdir /srv/site/empty; mkfifo /srv/site/pipe");
  await inside("rm /srv/site/link; ln -s index /srv/site/link; ln -s /etc/passwd /srv/site/out");
  const told = await virtc.run(["cp", "--json", "web:/srv/site", "back"], { cwd: here });
  expect(told).toMatchObject({
    code: 0,
    stderr: expect.stringMatching(/^virtc: not copied: out: .*\nvirtc: not copied: pipe: .*\n$/),
  });
  const { files, folders, links, bytes, skipped } = JSON.parse(told.stdout);
  expect({ files, folders, links, bytes }).toEqual({
    files: 2,
    folders: 3,
    links: 1,
    bytes: 3_000_005,
  });
  expect(skipped).toHaveLength(2);
  const back = join(here, "back");
  expect(readdirSync(back).sort()).toEqual(["empty", "index", "link", "sub"]);
  expect(readlinkSync(join(back, "link"))).toBe("index");
  expect(statSync(join(back, "index")).uid).toBe(process.getuid?.());
  expect(statSync(join(back, "index")).mode & 0o777).toBe(0o640);
  expect(statSync(join(back, "sub", "large")).size).toBe(3_000_001);
  await cp("-a", "web:/srv/site/index", "owned");
  expect(statSync(join(here, "owned"))).toMatchObject({ uid: 1234, gid: 4321 });
  mkdirSync(join(here, "into"));
  await cp("web:/srv/site/index", "into");
  await cp("web:/flat/.", "into");
  await cp("web:/srv/site/index", "into/named");
  expect(readdirSync(join(here, "into")).sort()).toEqual(["index", "link", "named", "sub"]);
});

test("a dash is a tar stream, both ways, up to the whole root", async () => {
  const tar = execFileSync("tar", ["-c", "--numeric-owner", "--owner=7", "--group=8", "site"], {
    cwd: here,
    maxBuffer: 2 ** 23,
  });
  await inside("mkdir -p /tarred");
  await done(["cp", "-", "web:/tarred"], tar);
  expect(await inside("stat -c '%u %g %a' /tarred/site/index; wc -c < /tarred/site/link")).toBe(
    "7 8 640\n3000001\n",
  );
  const { code, stdoutBytes } = await virtc.run(["cp", "web:/tarred/site", "-"], { cwd: here });
  expect(code).toBe(0);
  mkdirSync(join(here, "untarred"));
  execFileSync("tar", ["-x", "-C", join(here, "untarred")], { input: stdoutBytes });
  const large = readFileSync(join(here, "untarred", "site", "sub", "large"));
  expect(large.equals(readFileSync(join(here, "site", "sub", "large")))).toBe(true);
  await inside("mkdir /only; echo it > /only/this");
  const only = await virtc.run(["cp", "web:/only/.", "-"], { cwd: here });
  const names = execFileSync("tar", ["-t"], { input: only.stdoutBytes }).toString();
  expect(names).toMatch(/^(\.\/\n)?(\.\/)?this\n$/);
  // The root itself has no name of its own: its entries stand at the top, one after the other without an end in sight.
  const child = virtc.spawn(["cp", "web:/", "-"]);
  const [first] = await once(child.stdout, "data");
  expect(`${first}`).toMatch(/^(\.\/|bin)/);
  child.kill();
  await once(child, "close");
});

test("a tar stream without its folders, and with hard links, is unpacked as tar does", async () => {
  const linked = join(here, "linked");
  mkdirSync(join(linked, "d", "e"), { recursive: true });
  writeFileSync(join(linked, "d", "e", "f"), "one\n");
  linkSync(join(linked, "d", "e", "f"), join(linked, "g"));
  // Files alone: their folders have no entries.
  const tar = execFileSync("tar", ["-c", "d/e/f", "g"], { cwd: linked });
  await inside("mkdir -p /implied/d; chmod 710 /implied/d; chown 5 /implied/d");
  await done(["cp", "-", "web:/implied"], tar);
  expect(
    await inside("cd /implied; cat g; stat -c '%h' g d/e/f; stat -c '%a %u' d d/e; ls -A . d/e"),
  ).toBe("one\n2\n2\n710 5\n755 0\n.:\nd\ng\n\nd/e:\nf\n");
});

test("a file of /proc is copied whole, and a device not at all", async () => {
  await cp("web:/proc/version", "version");
  expect(readFileSync(join(here, "version"), "utf8")).toBe(await inside("cat /proc/version"));
  await cp("/proc/version", "web:/version");
  expect(await inside("cat /version")).toBe(readFileSync("/proc/version", "utf8"));
  const { code, stdoutBytes } = await virtc.run(["cp", "web:/proc/version", "-"], { cwd: here });
  expect(code).toBe(0);
  const read = execFileSync("tar", ["-x", "-O"], { input: stdoutBytes }).toString();
  expect(read).toBe(await inside("cat /proc/version"));

  expect(await refused("web:/dev/zero", "zero")).toContain("nothing was copied: it is left out");
  expect(await refused("web:/dev/zero", "-")).toContain("no device, socket or pipe");
  expect(await refused("/dev/zero", "web:/zero")).toContain("nothing was copied: it is left out");
  expect(existsSync(join(here, "zero"))).toBe(false);
  // Nor is one replaced; nor do its mode and owner change.
  const state = "stat -c '%A %u %t:%T' /dev/zero";
  const before = await inside(state);
  expect(await refused("site/index", "web:/dev/zero")).toContain("which is not replaced");
  expect(await inside(state)).toBe(before);
});

test("a copy that finds no room leaves what was there", async () => {
  await done([
    "run",
    "-d",
    "--name",
    "full",
    "--tmpfs",
    "/small:size=1m",
    "busybox",
    "sleep",
    "infinity",
  ]);
  const full = (script: string): Promise<string> => done(["exec", "full", "sh", "-c", script]);
  await full("echo old > /small/large");
  const { code, stderr } = await virtc.run(["cp", "site/sub/large", "full:/small/large"], {
    cwd: here,
  });
  expect(code).toBe(125);
  expect(stderr).toContain("no room");
  expect(await full("cat /small/large; ls -A /small")).toBe("old\nlarge\n");
  await done(["rm", "-f", "full"]);
});

test("what can't be is said, with the code of a failed command, and nothing is made", async () => {
  await inside("mkdir -p /there; echo f > /there/file");
  const before = readdirSync(here).sort();
  expect(await refused("nothing", "web:/there")).toContain("there is no such file or folder");
  expect(await refused("web:/nothing", ".")).toContain("there is no such file or folder");
  expect(await refused("site/index", "web:/no/such/folder")).toContain("no folder to hold it");
  expect(await refused("site/index", "web:/there/new/")).toContain("it must be a folder");
  expect(await refused("site/index/.", "web:/there")).toMatch(/no folder|no such file/);
  expect(await refused("site/.", "web:/there/file")).toContain("it must be a folder");
  expect(await refused("web:/there/file", "no/such/folder")).toContain("no folder to hold it");
  expect(await refused("web:/there/file", "new/")).toMatch(/must be a folder|no folder/);
  expect(await refused("web:/there/../../etc", ".")).toContain("without ..");
  expect(await refused("site", "other:/there")).toContain("`virtc ps -a`");
  expect(await refused("site", "web:/there", "--container", "job")).toContain("job");
  expect(await refused("site", "back")).toContain("CONTAINER:PATH");
  expect(readdirSync(here).sort()).toEqual(before);
  expect(await inside("ls -A /there")).toBe("file\n");
  await done(["stop", "-t", "0", "web"]);
  expect(await refused("site", "web:/there")).toContain("`virtc sandbox start web`");
});
