import { VirtError } from "../../errors.ts";
import { assertUnlimited } from "../interworking/rates.ts";
import type { Join } from "../work.ts";
import { lendDevice } from "./lend.ts";

/**
 * A card of the host, or a part of one, that is the guest's as long as its VM is there: the host's driver gives it up,
 * and gets it back. What addresses the host's link had are then gone; the guest has them.
 */
export const vfio: Join = {
  attach: async (work, endpoint) => {
    assertUnlimited(work, "rxRateBits", endpoint);
    assertUnlimited(work, "txRateBits", endpoint);
    const { host, ledger } = work;
    const { id, name, source } = endpoint;
    if (source?.kind !== "pci")
      throw new VirtError("STATE_INVALID", `the interface ${name} has no device`);
    const { address } = source;
    await host.pci.assertVfio();
    const group = await host.pci.groupFile(address);
    const driver = await host.pci.driverOf(address);
    const record = { kind: "pci", address, ...(driver !== undefined && { driver }) } as const;
    await ledger.take(record, () => host.pci.lend(address));
    await lendDevice(work, group);
    host.failpoint("network.pci");
    return {
      device: { kind: "vfio", id, sysfsPath: `/sys/bus/pci/devices/${address}` },
      [Symbol.asyncDispose]: async () => {},
    };
  },
  detach: async ({ host, ledger }, { source }) => {
    if (source?.kind !== "pci") return;
    const group = await host.pci.groupFile(source.address);
    await ledger.release((record) => record.kind === "lent" && record.path === group);
    await ledger.release((record) => record.kind === "pci" && record.address === source.address);
  },
};
