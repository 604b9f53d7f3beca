import { execFileSync } from "node:child_process";
import {
  chmodSync,
  chownSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { changes, hostState } from "../support/host/host.ts";
import { mounts } from "../support/host/mounts.ts";

const isRoot = process.getuid?.() === 0;
let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "virtc-host-"));
  mkdirSync(join(folder, "dev"));
  execFileSync("mkfifo", ["-m", "666", join(folder, "dev/null")]);
  mkdirSync(join(folder, "etc/deep/er"), { recursive: true });
  writeFileSync(join(folder, "etc/deep/er/conf"), "a");
  symlinkSync("conf", join(folder, "etc/deep/link"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** Other tests mount things meanwhile. */
const look = () => {
  const state = hostState([join(folder, "dev"), join(folder, "etc")]);
  return new Map([...state].filter(([path]) => path.includes(folder)));
};

describe("a change of the host is found:", () => {
  const plants: [what: string, plant: (at: (path: string) => string) => void, told: string[]][] = [
    [
      "the mode of a device",
      (at) => chmodSync(at("dev/null"), 0o644),
      ["dev/null: pipe 0666 0:0 -> pipe 0644 0:0"],
    ],
    ["the owner of a file", (at) => chownSync(at("etc/deep/er/conf"), 7, 8), ["conf: file 0644"]],
    [
      "the content of a file, at the same length",
      (at) => writeFileSync(at("etc/deep/er/conf"), "b"),
      ["etc/deep/er/conf: file"],
    ],
    [
      "a device that is a file now",
      (at) => {
        unlinkSync(at("dev/null"));
        writeFileSync(at("dev/null"), "");
      },
      ["dev/null: pipe 0666"],
    ],
    ["a file that is new", (at) => writeFileSync(at("dev/x"), ""), ["dev/x is new: file"]],
    [
      "a link that leads elsewhere",
      (at) => {
        unlinkSync(at("etc/deep/link"));
        symlinkSync("elsewhere", at("etc/deep/link"));
      },
      ["to conf -> link"],
    ],
    [
      "a folder that is gone",
      (at) => rmSync(at("etc/deep/er"), { recursive: true }),
      ["etc/deep/er is gone", "etc/deep/er/conf is gone"],
    ],
  ];

  it.skipIf(!isRoot).each(plants)("%s", (_, plant, told) => {
    const before = look();
    expect(changes(before, look())).toEqual([]);
    plant((path) => join(folder, path));
    const found = changes(before, look());
    expect(found).toEqual(told.map((text) => expect.stringContaining(text)));
  });

  it.skipIf(!isRoot)("a mount, and its end", () => {
    const before = look();
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=4k", "virtc-test", join(folder, "etc")]);
    try {
      expect(changes(before, look()).join("\n")).toContain(`mount ${folder}/etc is new: / `);
    } finally {
      execFileSync("umount", [join(folder, "etc")]);
    }
    expect(changes(before, look())).toEqual([]);
  });
});

it("nothing of this host changes while nothing is done to it", () => {
  const before = hostState();
  expect(before.get("/dev/null")).toMatch(/^device /);
  expect(before.get("/etc/passwd")).toMatch(/^file .* sha256 /);
  const found = changes(before, hostState());
  expect(found.filter((line) => /^\/(dev|etc)\//.test(line))).toEqual([]);
});

it("a mount over another is told from it", () => {
  const line = (id: number, what: string) =>
    `${id} 1 0:${id} / /mnt rw shared:${id} - ${what} x rw`;
  const one = mounts(line(7, "tmpfs"));
  expect(mounts(line(8, "tmpfs"))).toEqual(one);
  const two = mounts(`${line(7, "tmpfs")}\n${line(8, "ext4")}`);
  expect(changes(one, two)).toEqual([expect.stringContaining("and over it / rw - ext4")]);
});

it("mounts of sandboxes that others run meanwhile are not the suite's", () => {
  const of = (state: string) => `mount ${state}/sbs/id/mounts/c/m`;
  const mounted = new Map(["/var/x", tmpdir()].map((state) => [of(state), "/ tmpfs"]));
  expect([...hostState([], mounted).keys()]).toEqual([of(tmpdir())]);
});
