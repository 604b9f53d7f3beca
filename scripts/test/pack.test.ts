import { describe, expect, it } from "vitest";
import { inScratch } from "../support/cache.ts";
import { filesIn, missingFiles, pack, published } from "../support/pack.ts";
import { readPage } from "./support/pages.ts";

describe.each(published)("the package %s", (name) => {
  it("has the licence and a README", async () => {
    expect(readPage(`packages/${name}/LICENSE`)).toBe(readPage("LICENSE"));
    await inScratch(async (scratch) => {
      const missing = missingFiles(name, await filesIn(await pack(name, scratch)));
      // What is built may not be there yet.
      expect(missing.filter((file) => !file.startsWith("dist"))).toEqual([]);
    });
  });
});

it("misses what a user would miss", () => {
  const usual = ["LICENSE", "README.md", "package.json"];
  expect(missingFiles("ttrpc", [...usual, "dist/index.js"])).toEqual([]);
  expect(missingFiles("ttrpc", ["package.json"])).toEqual(["LICENSE", "README.md", "dist/"]);
  const files = ["dist/manifest.json", "dist/vmlinux-debian", "dist/root.img", "dist/busybox.tar"];
  expect(missingFiles("guest-linux-x64", [...usual, ...files])).toEqual(["dist/vmlinux-tuned"]);
});
