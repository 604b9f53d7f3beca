import { execFileSync } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { withHardLinks } from "../../src/container/hard-links.ts";
import { noBody, Tally, type TreeEntry } from "../../src/transfer/entry.ts";
import { writeTar } from "../../src/transfer/tar-write.ts";
import { importLayers } from "../image/support/layers.ts";
import { testFolder } from "../support/folder.ts";

test("files that are one in the image and unchanged are one in a tar, and no others", async () => {
  const file = { content: "text", mode: 0o755, uid: 7, mtime: 1000 };
  const { image } = await importLayers([
    [
      { path: "bin/" },
      { path: "bin/a", ...file },
      { path: "bin/b", type: "1", linkTarget: "bin/a" },
      { path: "bin/c", type: "1", linkTarget: "bin/a" },
      { path: "bin/changed", type: "1", linkTarget: "bin/a" },
      { path: "bin/alone", ...file },
    ],
  ]);
  const entry = (name: string, more: Partial<TreeEntry> = {}): TreeEntry => ({
    ...{ kind: "file", path: ["bin", name], mode: 0o755, uid: 7, gid: 0, mtimeMs: 1_000_500 },
    ...{ size: 4, target: "", ...more },
    async *body() {
      yield Buffer.from("text");
    },
  });
  async function* tree(): AsyncGenerator<TreeEntry> {
    yield { ...entry("", { kind: "folder", path: ["bin"], size: 0 }), body: noBody };
    yield* [entry("a"), entry("alone"), entry("b"), entry("c"), entry("new")];
    yield entry("changed", { mtimeMs: 2_000_000 });
  }
  const parts: Uint8Array[] = [];
  const tar = writeTar(withHardLinks(tree(), image.path), undefined, new Tally());
  for await (const part of tar) parts.push(part);
  const listed = execFileSync("tar", ["-tv", "--numeric-owner"], { input: Buffer.concat(parts) });
  const lines = String(listed).trim().split("\n");
  expect(lines.map((line) => line.replace(/ +\d{4}-\S+ \S+ /, " ").replace(/ +/g, " "))).toEqual([
    "drwxr-xr-x 7/0 0 bin/",
    "-rwxr-xr-x 7/0 4 bin/a",
    "-rwxr-xr-x 7/0 4 bin/alone",
    "hrwxr-xr-x 7/0 0 bin/b link to bin/a",
    "hrwxr-xr-x 7/0 0 bin/c link to bin/a",
    "-rwxr-xr-x 7/0 4 bin/new",
    "-rwxr-xr-x 7/0 4 bin/changed",
  ]);
});

test("without the image, or one that can be read, each file is one of its own", async () => {
  const folder = await testFolder();
  await writeFile(join(folder, "damaged"), "no image");
  const entry: TreeEntry = {
    ...{ kind: "file", path: ["a"], mode: 0o644, uid: 0, gid: 0, mtimeMs: 0, size: 0, target: "" },
    body: noBody,
  };
  async function* tree(): AsyncGenerator<TreeEntry> {
    yield entry;
  }
  for (const name of ["damaged", "gone"]) {
    const found = [];
    for await (const each of withHardLinks(tree(), join(folder, name))) found.push(each);
    expect(found).toEqual([entry]);
  }
});
