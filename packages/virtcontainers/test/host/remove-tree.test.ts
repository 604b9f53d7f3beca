import { execFileSync } from "node:child_process";
import { closeSync, existsSync, mkdirSync, openSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { removeTree } from "../../src/host/remove-tree.ts";
import { testFolder } from "../support/folder.ts";
import { flip } from "./support/flip.ts";

test("files, links, folders and names of any bytes go; what a link leads to stays", async () => {
  const folder = await testFolder();
  const precious = join(folder, "precious");
  writeFileSync(precious, "");
  const tree = join(folder, "tree");
  mkdirSync(join(tree, "a/b"), { recursive: true });
  writeFileSync(join(tree, "a/b/file"), "");
  symlinkSync(precious, join(tree, "a/link"));
  symlinkSync(folder, join(tree, "a/folder"));
  writeFileSync(Buffer.concat([Buffer.from(`${tree}/a/`), Buffer.from([0xff, 0xfe])]), "");
  execFileSync("mkfifo", [join(tree, "pipe")]);
  await removeTree(tree);
  await removeTree(tree);
  expect(existsSync(tree)).toBe(false);
  expect(existsSync(precious)).toBe(true);
  symlinkSync(folder, tree);
  await removeTree(tree);
  await removeTree(join(precious, "below"));
  expect(existsSync(precious)).toBe(true);
});

test("a tree that is deeper than a path can be long is removed", async () => {
  const folder = await testFolder();
  const name = "d".repeat(200);
  let here = openSync(folder, "r");
  for (let depth = 0; depth < 100; depth++) {
    const inner = `/proc/self/fd/${here}/${name}`;
    mkdirSync(inner);
    const next = openSync(inner, "r");
    closeSync(here);
    here = next;
  }
  closeSync(here);
  await removeTree(join(folder, name));
  expect(existsSync(join(folder, name))).toBe(false);
});

test("a folder that is exchanged for a link all the time takes nothing with it", async () => {
  const folder = await testFolder();
  const outside = join(folder, "outside");
  const tree = join(folder, "tree");
  for (let round = 0; round < 10; round++) {
    mkdirSync(join(tree, "d"), { recursive: true });
    mkdirSync(outside, { recursive: true });
    for (let file = 0; file < 50; file++) {
      writeFileSync(join(tree, "d", `${file}`), "");
      writeFileSync(join(outside, `${file}`), "");
    }
    const link = join(folder, `link-${round}`);
    symlinkSync(outside, link);
    const end = await flip(join(tree, "d"), link);
    await removeTree(tree);
    await end();
    for (let file = 0; file < 50; file++) expect(existsSync(join(outside, `${file}`))).toBe(true);
  }
});
