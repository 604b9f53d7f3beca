import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { packBusyboxImage } from "../busybox.ts";
import { packInitramfs } from "../initramfs.ts";
import { headBytes } from "../pfn.ts";
import { packRoot } from "../root.ts";

const hostBusybox = ["#!/bin/sh", 'echo "[\nsh\nls\nbusybox"', ""].join("\n");

let folder: string;
const at = (...names: string[]) => join(folder, ...names);
const bytes = (name: string) => readFileSync(at(name));

/** Writes files in the given order, which readdir may give back. */
function overlay(name: string, files: readonly string[]): string {
  const modules = at(name, "lib/modules/1.2-test");
  mkdirSync(join(modules, "kernel"), { recursive: true });
  for (const file of files) writeFileSync(join(modules, file), file);
  const index = ["virtio_pci", "virtio_blk", "virtio_console", "erofs"];
  for (const module of index) writeFileSync(join(modules, `kernel/${module}.ko`), module);
  const lines = index.map((module) => `kernel/${module}.ko:\n`);
  writeFileSync(join(modules, "modules.dep"), lines.join(""));
  writeFileSync(join(modules, "modules.builtin"), "");
  return at(name);
}

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "guest-image-"));
  for (const name of ["agent", "crun", "preinit"]) writeFileSync(at(name), name.repeat(1000));
  writeFileSync(at("busybox"), hostBusybox);
  chmodSync(at("busybox"), 0o755);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("the same inputs give the same bytes", () => {
  it("in the root image", async () => {
    const parts = {
      agent: at("agent"),
      containerInit: at("preinit"),
      crun: at("crun"),
      busybox: at("busybox"),
      filter: { profile: '{"defaultAction":"SCMP_ACT_ALLOW"}', program: "BgAAAAAA/38=" },
    };
    const first = await packRoot(
      { ...parts, overlays: [overlay("one", ["a", "b", "c"])] },
      at("1.img"),
    );
    await packRoot({ ...parts, overlays: [overlay("two", ["c", "a", "b"])] }, at("2.img"));
    expect(bytes("1.img").equals(bytes("2.img"))).toBe(true);
    expect(first % headBytes).toBe(0);
    expect(bytes("1.img").length).toBe(first);
    // EROFS_SUPER_MAGIC_V1 stands 1 KiB into the file system.
    expect(bytes("1.img").readUInt32LE(headBytes + 1024)).toBe(0xe0f5e1e2);
  });

  it("in the initramfs", async () => {
    const kernel = (root: string) => ({
      release: "1.2-test",
      vmlinuxPath: "",
      modulesRoot: root,
    });
    await packInitramfs(at("preinit"), kernel(overlay("three", ["a"])), at("1.cpio"));
    await packInitramfs(at("preinit"), kernel(overlay("four", ["b"])), at("2.cpio"));
    expect(bytes("1.cpio").equals(bytes("2.cpio"))).toBe(true);
    expect(bytes("1.cpio").readUInt32LE(0)).toBe(0x184c2102);
  });

  it("in the busybox image", async () => {
    await packBusyboxImage(at("busybox"), at("1.tar"));
    await packBusyboxImage(at("busybox"), at("2.tar"));
    expect(bytes("1.tar").equals(bytes("2.tar"))).toBe(true);
    expect(bytes("1.tar").toString("latin1")).toContain("oci-layout");
  });
});
