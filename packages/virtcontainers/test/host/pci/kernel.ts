import { existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { readlink, unlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { onTestFinished } from "vitest";
import { createPci } from "../../../src/host/pci/pci.ts";

const address = "0000:00:1f.6";

/**
 * The kernel's PCI bus as far as drivers go, since no machine for tests has a card to spare: a tree as sysfs shows it,
 * with one device, that changes by what is written to it.
 */
export function kernelDouble({ driver = "e1000e", iommu = true, refuses = false } = {}) {
  const root = mkdtempSync(join(tmpdir(), "vc-pci-"));
  onTestFinished(() => rmSync(root, { recursive: true, force: true }));
  const bus = join(root, "bus");
  const vfio = join(root, "vfio");
  const device = join(bus, "devices", address);
  const link = join(device, "driver");
  const written: string[] = [];
  let override = "";
  mkdirSync(device, { recursive: true });
  for (const name of ["e1000e", "vfio-pci"])
    mkdirSync(join(bus, "drivers", name), { recursive: true });
  mkdirSync(vfio);
  if (iommu) {
    writeFileSync(join(vfio, "vfio"), "");
    symlinkSync("../../../kernel/iommu_groups/7", join(device, "iommu_group"));
  }
  const bind = (name: string): void => {
    if (existsSync(link)) throw Object.assign(new Error("busy"), { code: "EBUSY" });
    if (!refuses || name !== "vfio-pci") symlinkSync(join(bus, "drivers", name), link);
  };
  if (driver !== "") bind(driver);
  const write = async (path: string, text: string): Promise<void> => {
    written.push(`${path.slice(bus.length + 1)} ${text.trim()}`);
    switch (basename(path)) {
      case "driver_override":
        override = text.trim();
        return;
      case "unbind":
        return await unlink(link);
      case "drivers_probe":
        return bind(override === "" ? "e1000e" : override);
      case "bind":
        return bind(basename(join(path, "..")));
      default:
        throw new Error(`the kernel has no ${path}`);
    }
  };
  return {
    address,
    pci: createPci({ bus, vfio, write }),
    group: join(vfio, "7"),
    written,
    override: () => override,
    bound: async () => (existsSync(link) ? basename(await readlink(link)) : undefined),
    unplug: () => rmSync(device, { recursive: true }),
  };
}
