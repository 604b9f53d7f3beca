import * as v from "valibot";
import type { RecordKind } from "./kind.ts";

/** A device of the host that a VM has, and the driver that it goes back to; none: it had none. */
export interface PciRecord {
  kind: "pci";
  address: string;
  driver?: string | undefined;
}

/** Domain, bus, slot and function, as the kernel writes them. */
export const pciAddress = v.pipe(
  v.string(),
  v.regex(
    /^[0-9a-f]{4,8}:[0-9a-f]{2}:[01][0-9a-f]\.[0-7]$/,
    "it must be the address of a device, such as 0000:00:1f.6",
  ),
);

export const pci: RecordKind<PciRecord> = {
  schema: v.strictObject({
    kind: v.literal("pci"),
    address: pciAddress,
    driver: v.optional(v.pipe(v.string(), v.regex(/^[\w-]{1,64}$/))),
  }),
  life: "vm",
  name: ({ address }) => address,
  release: (host, { address, driver }) => host.pci.giveBack(address, driver),
};
