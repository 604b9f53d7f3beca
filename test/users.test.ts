/** What an ordinary user can share with a guest: with the virtiofsd in Rust as much as root. */
import { execFileSync, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { leftovers } from "./support/instance.ts";
import { busyboxArchive } from "./support/virtc.ts";

const uid = 65_534;
const script = fileURLToPath(new URL("support/share-child.ts", import.meta.url));
const sources = fileURLToPath(new URL("..", import.meta.url));
/** A checkout may lie in a folder that is closed to others. */
const canRun =
  process.getuid?.() === 0 &&
  spawnSync("test", ["-r", script], { uid, gid: uid, cwd: "/" }).status === 0;
/** Which one there is does not tell by its place: Debian 13 has that in Rust in both. */
const daemon = ["/usr/lib/qemu/virtiofsd", "/usr/libexec/virtiofsd"].find(existsSync) ?? "false";
const version = spawnSync(daemon, ["--version"], { encoding: "utf8" }).stdout;
const inRust = /^virtiofsd \d/.test(version);
const namespaces = ["--user", "--map-root-user", "--mount", "true"];
const able = inRust && spawnSync("unshare", namespaces, { uid, gid: uid }).status === 0;

let base: string;
beforeAll(() => {
  base = mkdtempSync(join(tmpdir(), "vc-user-"));
  mkdirSync(join(base, "folder"));
  writeFileSync(join(base, "folder", "file"), "from the host\n");
  writeFileSync(join(base, "single, file"), "alone\n");
  execFileSync("chown", ["-R", `${uid}:${uid}`, base]);
});
afterAll(async () => {
  expect(leftovers({ stateDir: join(base, "state") })).toEqual([]);
  rmSync(base, { recursive: true, force: true });
});

async function share() {
  const tsconfig = join(sources, "tsconfig.json");
  const env = { PATH: process.env.PATH, HOME: base, TSX_TSCONFIG_PATH: tsconfig, TMPDIR: base };
  const args = ["--import", "tsx", script, base, busyboxArchive];
  const child = spawn(process.execPath, args, { uid, gid: uid, env, cwd: sources });
  const ended = once(child, "close");
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr)]);
  await ended;
  return { exitCode: child.exitCode, stdout, stderr };
}

describe.skipIf(!canRun)("an ordinary user (needs root to become one)", () => {
  test("shares folders and files to read and to write, or is told what that needs", async () => {
    const { exitCode, stdout, stderr } = await share();
    if (!able) {
      expect(exitCode).not.toBe(0);
      expect(stderr).toContain("NOT_SUPPORTED");
      expect(stderr).toContain("virtiofsd in Rust");
      return;
    }
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
    const ok = (said: string) => ({ exitCode: 0, stdout: said, stderr: "" });
    const refused = expect.stringContaining("Read-only");
    expect(JSON.parse(stdout)).toEqual({
      read: ok("from the host\nfrom the host\nalone\n"),
      written: ok("new\n"),
      readonly: expect.objectContaining({ exitCode: 1, stderr: refused }),
      later: ok("new\n"),
      during: 3,
      after: 0,
      again: ok("new\n"),
    });
    expect(statSync(join(base, "folder", "new")).uid).toBe(uid);
    expect(readFileSync(join(base, "single, file"), "utf8")).toBe("changed\n");
    expect(existsSync(join(base, "folder", "evil"))).toBe(false);
  });
});
