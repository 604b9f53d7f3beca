import { execFileSync, spawnSync } from "node:child_process";
import { chmodSync, lchownSync, mkdirSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { beforeEach, describe, expect, test } from "vitest";
import { assertTrusted, makePrivateFolder, makeTrustedFolder } from "../../src/host/trusted.ts";
import { TrustedFolder } from "../../src/host/trusted-folder.ts";
import { testFolder } from "../support/folder.ts";

const other = 54_321;
const refused = expect.objectContaining({ code: "HOST_REQUIREMENT" });

let folder: string;
beforeEach(async () => {
  folder = await testFolder();
  mkdirSync(join(folder, "a/b"), { recursive: true });
  writeFileSync(join(folder, "a/b/file"), "", { mode: 0o600 });
  symlinkSync("b", join(folder, "a/link"));
});

test("a path that is ours all the way is taken, one that is not there is told", () => {
  expect(assertTrusted(join(folder, "a/b/file"))).toBe(true);
  expect(assertTrusted(join(folder, "a/none/c"))).toBe(false);
  symlinkSync("../a/link/", join(folder, "a/relative"));
  symlinkSync(join(folder, "a/relative"), join(folder, "absolute"));
  expect(assertTrusted(join(folder, "absolute/file"))).toBe(true);
});

test.each(["a", "a/b", "a/b/file"])("%s, which all may write to, is refused", (name) => {
  chmodSync(join(folder, name), 0o777);
  expect(() => assertTrusted(join(folder, "a/b/file"))).toThrow(refused);
});

test.each(["a/b", "a/b/file"])(
  "%s in a folder that was made sure of is looked at for itself",
  (name) => {
    writeFileSync(join(folder, "a/b/file"), "text");
    const opened = TrustedFolder.at(join(folder, "a"));
    expect(opened?.read("b", "file")).toBe("text");
    expect(opened?.read("link", "file")).toBe("text");
    expect([opened?.read("none", "file"), opened?.read("b", "none")]).toEqual([
      undefined,
      undefined,
    ]);
    expect(TrustedFolder.at(join(folder, "none"))).toBeUndefined();
    chmodSync(join(folder, name), 0o777);
    expect(() => opened?.read("b", "file")).toThrow(refused);
    expect(() => opened?.read("link", "file")).toThrow(refused);
  },
);

test("in a folder like /tmp what is ours is safe, but not the folder itself", () => {
  chmodSync(join(folder, "a"), 0o1777);
  expect(assertTrusted(join(folder, "a/b"))).toBe(true);
  expect(() => assertTrusted(join(folder, "a"))).toThrow(refused);
});

test("links in a circle are refused", () => {
  symlinkSync("two", join(folder, "one"));
  symlinkSync("one", join(folder, "two"));
  expect(() => assertTrusted(join(folder, "one"))).toThrow(refused);
});

test("a folder has its mode whatever the umask", () => {
  const before = process.umask(0o077);
  try {
    makeTrustedFolder(join(folder, "new/state"), 0o711);
  } finally {
    process.umask(before);
  }
  expect(statSync(join(folder, "new/state")).mode & 0o7777).toBe(0o711);
});

test("a folder of ours is closed to others, what is no folder keeps its mode", () => {
  chmodSync(join(folder, "a/b"), 0o755);
  makePrivateFolder(join(folder, "a/b"));
  expect(statSync(join(folder, "a/b")).mode & 0o7777).toBe(0o700);
  execFileSync("mkfifo", ["-m", "644", join(folder, "a/pipe")]);
  expect(() => makePrivateFolder(join(folder, "a/pipe"))).toThrow(refused);
  expect(statSync(join(folder, "a/pipe")).mode & 0o7777).toBe(0o644);
});

/** What a process in a user namespace that has these options of unshare(1) thinks of a path. */
function inNamespace(options: readonly string[], path: string): string {
  const script = fileURLToPath(new URL("support/trust-child.ts", import.meta.url));
  const node = [process.execPath, "--import", "tsx", script, path];
  return execFileSync("unshare", ["--user", ...options, ...node], { encoding: "utf8" }).trim();
}
const namespaces = spawnSync("unshare", ["--user", "true"]).status === 0;

describe.skipIf(!namespaces)("in a user namespace (needs one)", () => {
  test("what a user owns whom it does not know is refused, also to a process without a user", () => {
    const path = join(folder, "a/b/file");
    const unknown = /belongs to a user that this user namespace does not know/;
    expect(inNamespace([], path)).toMatch(unknown);
    // Whoever is known by the number that stands for all others is not taken for them either.
    expect(inNamespace(["--map-user", "65534"], path)).toMatch(unknown);
  });

  test.skipIf(process.geteuid?.() !== 0)(
    "what root and this user own is taken (needs root)",
    () => {
      expect(inNamespace(["--map-root-user"], join(folder, "a/b/file"))).toBe("trusted");
    },
  );
});

describe.skipIf(process.geteuid?.() !== 0)("of another user (needs root)", () => {
  test.each(["a", "a/b", "a/b/file", "a/link"])("%s is refused", (name) => {
    lchownSync(join(folder, name), other, other);
    expect(() => assertTrusted(join(folder, "a/link/file"))).toThrow(refused);
    expect(() => makeTrustedFolder(join(folder, "a/link/file/new"), 0o700)).toThrow(refused);
  });

  test("a group that may write is refused", () => {
    lchownSync(join(folder, "a"), 0, other);
    chmodSync(join(folder, "a"), 0o775);
    expect(() => assertTrusted(join(folder, "a/b"))).toThrow(refused);
  });
});
