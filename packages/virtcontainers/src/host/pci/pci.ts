import { access, readlink, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { VirtError } from "../../errors.ts";
import { hostError, isErrno } from "../errno.ts";
import type { Pci } from "../host.ts";

/** Of the host's own, by which VMs are given devices. */
export const vfioDriver = "vfio-pci";

/** Where the kernel shows its devices; `write` is how it is told something. */
export interface PciPlaces {
  bus: string;
  vfio: string;
  write(path: string, text: string): Promise<void>;
}

const kernel: PciPlaces = { bus: "/sys/bus/pci", vfio: "/dev/vfio", write: writeFile };

export function createPci({ bus, vfio, write }: PciPlaces = kernel): Pci {
  const device = (address: string, ...rest: string[]): string =>
    join(bus, "devices", address, ...rest);
  const driverOf = (address: string) => nameBehind(device(address, "driver"));
  const tell = async (path: string, text: string): Promise<void> => {
    await write(path, text).catch((error: unknown) => {
      throw hostError(error, `writing ${JSON.stringify(text)} to ${path}`);
    });
  };
  const bindTo = async (address: string, driver: string): Promise<void> => {
    await tell(device(address, "driver_override"), driver);
    if ((await driverOf(address)) !== undefined)
      await tell(device(address, "driver", "unbind"), address);
    await tell(join(bus, "drivers_probe"), address);
  };
  return {
    driverOf,
    assertVfio: async () => {
      if (await isThere(join(vfio, "vfio"))) return;
      throw new VirtError(
        "HOST_REQUIREMENT",
        `this host can't give a VM a device of its own: ${join(vfio, "vfio")} is missing`,
        {
          hint: "Switch the IOMMU on, in the firmware and on the kernel's command line, and load the module: sudo modprobe vfio-pci.",
        },
      );
    },
    groupFile: async (address) => {
      const group = await nameBehind(device(address, "iommu_group"));
      if (group !== undefined) return join(vfio, group);
      throw new VirtError("HOST_REQUIREMENT", `the device ${address} is behind no IOMMU`, {
        hint: "Switch the IOMMU on, or give the guest another interface.",
      });
    },
    lend: async (address) => {
      if ((await driverOf(address)) !== vfioDriver) await bindTo(address, vfioDriver);
      const driver = await driverOf(address);
      if (driver === vfioDriver) return;
      throw new VirtError(
        "HOST_FAILED",
        `the device ${address} did not go to ${vfioDriver}, but to ${driver ?? "no driver"}`,
        { hint: "Load the module: sudo modprobe vfio-pci; `dmesg` may tell more." },
      );
    },
    giveBack: async (address, driver) => {
      if (!(await isThere(device(address)))) return;
      const now = await driverOf(address);
      // As before, by none in particular: an empty line.
      await tell(device(address, "driver_override"), "\n");
      if (now === driver) return;
      if (now !== undefined) await tell(device(address, "driver", "unbind"), address);
      if (driver !== undefined) await tell(join(bus, "drivers", driver, "bind"), address);
    },
  };
}

async function isThere(path: string): Promise<boolean> {
  return await access(path).then(
    () => true,
    () => false,
  );
}

async function nameBehind(path: string): Promise<string | undefined> {
  try {
    return basename(await readlink(path));
  } catch (error) {
    if (isErrno(error, "ENOENT")) return undefined;
    throw hostError(error, `reading ${path}`);
  }
}
