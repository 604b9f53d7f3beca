import { describe, expect, it } from "vitest";
import { moduleClosure } from "../modules.ts";

const dep = [
  "kernel/drivers/virtio/virtio.ko:",
  "kernel/drivers/virtio/virtio_ring.ko: kernel/drivers/virtio/virtio.ko",
  "kernel/drivers/virtio/virtio_pci.ko: kernel/drivers/virtio/virtio_ring.ko kernel/drivers/virtio/virtio.ko",
  "kernel/drivers/char/hw_random/virtio-rng.ko: kernel/drivers/virtio/virtio_ring.ko kernel/drivers/virtio/virtio.ko",
  "",
].join("\n");

const lists = { dep, builtin: "kernel/drivers/block/virtio_blk.ko\nkernel/fs/ext4/ext4.ko\n" };

const names = (paths: string[]) => paths.map((path) => path.split("/").at(-1));

describe("moduleClosure", () => {
  it("puts each module after all that it needs", () => {
    expect(names(moduleClosure(lists, ["virtio_pci"]))).toEqual([
      "virtio.ko",
      "virtio_ring.ko",
      "virtio_pci.ko",
    ]);
  });

  it("names what several need once", () => {
    expect(names(moduleClosure(lists, ["virtio_pci", "virtio-rng"]))).toEqual([
      "virtio.ko",
      "virtio_ring.ko",
      "virtio_pci.ko",
      "virtio-rng.ko",
    ]);
  });

  it("takes - and _ for the same", () => {
    expect(moduleClosure(lists, ["virtio_rng"])).toEqual(moduleClosure(lists, ["virtio-rng"]));
  });

  it("needs no file for what is built into the kernel", () => {
    expect(names(moduleClosure(lists, ["virtio-blk", "virtio"]))).toEqual(["virtio.ko"]);
  });

  it("refuses a module that the kernel lacks, by name", () => {
    expect(() => moduleClosure(lists, ["erofs"])).toThrow("no module erofs");
  });
});
