import { describe, expect, it } from "vitest";
import { moduleClosure } from "../modules.ts";

const modulesDep = [
  "kernel/drivers/virtio/virtio.ko:",
  "kernel/drivers/virtio/virtio_ring.ko: kernel/drivers/virtio/virtio.ko",
  "kernel/drivers/virtio/virtio_pci.ko: kernel/drivers/virtio/virtio_ring.ko kernel/drivers/virtio/virtio.ko",
  "kernel/drivers/char/hw_random/virtio-rng.ko: kernel/drivers/virtio/virtio_ring.ko kernel/drivers/virtio/virtio.ko",
  "",
].join("\n");

const names = (paths: string[]) => paths.map((path) => path.split("/").at(-1));

describe("moduleClosure", () => {
  it("puts each module after all that it needs", () => {
    expect(names(moduleClosure(modulesDep, ["virtio_pci"]))).toEqual([
      "virtio.ko",
      "virtio_ring.ko",
      "virtio_pci.ko",
    ]);
  });

  it("names what several need once", () => {
    expect(names(moduleClosure(modulesDep, ["virtio_pci", "virtio-rng"]))).toEqual([
      "virtio.ko",
      "virtio_ring.ko",
      "virtio_pci.ko",
      "virtio-rng.ko",
    ]);
  });

  it("takes - and _ for the same", () => {
    expect(moduleClosure(modulesDep, ["virtio_rng"])).toEqual(
      moduleClosure(modulesDep, ["virtio-rng"]),
    );
  });

  it("refuses a module that the kernel lacks, by name", () => {
    expect(() => moduleClosure(modulesDep, ["erofs"])).toThrow("no module erofs");
  });
});
