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

/** A user with nothing but his own id, and where there is one, the first with a range of others. */
const alone = 65_534;
const ranged = userWithRange();
const script = fileURLToPath(new URL("support/share-child.ts", import.meta.url));
const sources = fileURLToPath(new URL("..", import.meta.url));
/** A checkout may lie in a folder that is closed to others. */
const canRun =
  process.getuid?.() === 0 &&
  spawnSync("test", ["-r", script], { uid: alone, gid: alone, cwd: "/" }).status === 0;
/** Which one there is does not tell by its place: Debian 13 has that in Rust in both. */
const daemon = ["/usr/lib/qemu/virtiofsd", "/usr/libexec/virtiofsd"].find(existsSync) ?? "false";
const version = spawnSync(daemon, ["--version"], { encoding: "utf8" }).stdout;
const inRust = /^virtiofsd \d/.test(version);
const namespaces = ["--user", "--map-root-user", "--mount", "true"];
const able = inRust && spawnSync("unshare", namespaces, { uid: alone, gid: alone }).status === 0;

/** The first whom newuidmap would give more ids, by his number. */
function userWithRange(): number | undefined {
  const text = existsSync("/etc/subuid") ? readFileSync("/etc/subuid", "utf8") : "";
  const name = text.split(":", 1)[0] ?? "";
  const found = spawnSync("id", ["-u", name], { encoding: "utf8" });
  return name === "" || found.status !== 0 ? undefined : Number(found.stdout);
}

describe.skipIf(!canRun).each([alone, ...(ranged === undefined ? [] : [ranged])])(
  "an ordinary user (needs root to become one), %i",
  (uid) => {
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

    test("shares folders and files to read and to write, or is told what that needs", async () => {
      const { exitCode, stdout, stderr } = await share(base, uid);
      if (!able) {
        expect(exitCode).not.toBe(0);
        expect(stderr).toContain("NOT_SUPPORTED");
        expect(stderr).toContain("virtiofsd in Rust");
        return;
      }
      expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
      const ok = (said: string) => ({ exitCode: 0, stdout: said, stderr: "" });
      const refused = expect.stringContaining("Read-only");
      const { others, ...shown } = JSON.parse(stdout);
      expect(shown).toEqual({
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
      if (uid === alone) {
        expect(others).toMatchObject({ exitCode: 1, stderr: expect.stringContaining("chown") });
        return;
      }
      // What another user of the container writes is its own there, and of one of this user's ids on the host.
      expect(others).toEqual(ok("33 33\n33 7\n"));
      const { uid: owner, gid: group } = statSync(join(base, "folder", "theirs", "file"));
      expect([owner, group]).toEqual([ids("/etc/subuid")(33), ids("/etc/subgid")(33)]);
    });
  },
);

/** What the ids of the namespace of the first user of a file are on the host. */
function ids(path: string): (inside: number) => number {
  const [, first = ""] = readFileSync(path, "utf8").split(":", 2);
  return (inside) => Number(first) + inside - 1;
}

async function share(base: string, uid: number) {
  const tsconfig = join(sources, "tsconfig.json");
  const env = { PATH: process.env.PATH, HOME: base, TSX_TSCONFIG_PATH: tsconfig, TMPDIR: base };
  const args = ["--import", "tsx", script, base, busyboxArchive];
  const child = spawn(process.execPath, args, { uid, gid: uid, env, cwd: sources });
  const ended = once(child, "close");
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr)]);
  await ended;
  return { exitCode: child.exitCode, stdout, stderr };
}
