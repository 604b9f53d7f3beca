import { expect, it } from "vitest";
import { missingFiles, published } from "../support/pack.ts";
import { readPage } from "./support/pages.ts";

it.each(published)("the package %s has the licence and a README", (name) => {
  expect(readPage(`packages/${name}/LICENSE`)).toBe(readPage("LICENSE"));
  expect(readPage(`packages/${name}/README.md`)).toMatch(/^# \S+\n/);
});

it("misses what a user would miss", () => {
  const usual = ["LICENSE", "README.md", "package.json"];
  expect(missingFiles("ttrpc", [...usual, "dist/index.js"])).toEqual([]);
  expect(missingFiles("ttrpc", ["package.json"])).toEqual(["LICENSE", "README.md", "dist/"]);
  const files = ["dist/manifest.json", "dist/vmlinux-debian", "dist/root.img", "dist/busybox.tar"];
  expect(missingFiles("guest-linux-x64", [...usual, ...files])).toEqual(["dist/vmlinux-tuned"]);
});
