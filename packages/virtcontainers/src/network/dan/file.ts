import { isIPv6 } from "node:net";
import * as v from "valibot";
import { ipAddress, macAddress } from "../../config/network/addresses.ts";
import { isCidr } from "../../config/network/cidr.ts";
import { interfaceName } from "../../config/network/names.ts";
import { pciAddress } from "../../store/record/pci.ts";
import { absolutePath, integer, text } from "../../validate.ts";

const uint32 = 0xffff_ffff;
const block = v.pipe(
  v.string("it must be an address with the length of its prefix, such as 10.0.0.2/24"),
  v.check(
    (value) => value.includes("/") && isCidr(value),
    "it must be an address with the length of its prefix, such as 10.0.0.2/24",
  ),
);
/** An empty text stands for none. */
const orEmpty = <T extends v.GenericSchema<unknown, string>>(schema: T) =>
  v.optional(v.union([v.literal(""), schema]), "");

const queues = {
  /** Pairs; 0: one. */
  queue_num: v.optional(integer(0, 256), 0),
  /** Entries; 0: as the VMM has it. */
  queue_size: v.optional(
    v.picklist([0, 256, 512, 1024], "it must be 256, 512 or 1024, or 0 for the usual"),
    0,
  ),
};

const Device = v.variant(
  "type",
  [
    v.strictObject({ type: v.literal("vhost-user"), path: absolutePath(), ...queues }),
    v.strictObject({ type: v.literal("host-tap"), tap_name: interfaceName, ...queues }),
    v.strictObject({ type: v.literal("vfio"), pci_device_id: pciAddress }),
  ],
  "it must be vhost-user, host-tap or vfio",
);

const Route = v.strictObject({
  dest: orEmpty(v.pipe(v.string(), v.check(isCidr, "it must be a prefix, such as 10.0.0.0/8"))),
  gateway: orEmpty(ipAddress),
  source: orEmpty(ipAddress),
  scope: v.optional(integer(0, 255), 0),
  flags: v.optional(integer(0, uint32), 0),
});

const Neighbor = v.strictObject({
  ip_address: ipAddress,
  hardware_addr: macAddress,
  state: v.optional(integer(0, 255), 0),
  flags: v.optional(integer(0, uint32), 0),
});

const NetworkInfo = v.strictObject({
  interface: v.strictObject({
    ip_addresses: v.optional(v.pipe(v.array(block), v.maxLength(256)), []),
    mtu: v.optional(integer(68, 65_535), 1500),
    ntype: v.optional(text(64)),
    flags: v.optional(integer(0, uint32), 0),
  }),
  routes: v.optional(v.pipe(v.array(Route), v.maxLength(1024)), []),
  neighbors: v.optional(v.pipe(v.array(Neighbor), v.maxLength(1024)), []),
});

const DanDevice = v.strictObject({
  name: interfaceName,
  guest_mac: macAddress,
  device: Device,
  network_info: NetworkInfo,
});
export type DanDevice = v.InferOutput<typeof DanDevice>;

/** A file of directly attachable networks, as other runtimes of sandboxes read it. */
export const DanFile = v.strictObject({
  netns: v.nullish(absolutePath()),
  devices: v.pipe(
    v.array(DanDevice),
    v.minLength(1, "it must name a device"),
    v.maxLength(16, "there can be at most 16 devices"),
    v.check((all) => differ(all.map(({ name }) => name)), "the names of the devices must differ"),
    v.check(
      (all) => differ(all.map(({ guest_mac }) => guest_mac.toLowerCase())),
      "the Ethernet addresses must differ",
    ),
  ),
});
export type DanFile = v.InferOutput<typeof DanFile>;

/** What tells its family: of a route to everything only its gateway or its source does. */
export function familyOf({ dest, gateway, source }: v.InferOutput<typeof Route>): "v4" | "v6" {
  const told = [dest.split("/")[0] ?? "", gateway, source].find((each) => each !== "") ?? "";
  return isIPv6(told) ? "v6" : "v4";
}

function differ(values: readonly string[]): boolean {
  return new Set(values).size === values.length;
}
