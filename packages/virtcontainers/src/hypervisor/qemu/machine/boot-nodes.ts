import type { Device } from "../../device.ts";
import { usesNvdimm } from "../cmdline.ts";
import type { QemuConfig } from "../config.ts";
import type { Place } from "./places.ts";

const letters = "abcdefghijklmnopqrstuvwxyz";

/**
 * The names that the guest's kernel gives the disks that it boots with: it goes over the root bus by slots, then over
 * what is behind each bridge. The root image, where it is a disk, has the lowest slot.
 */
export function bootNodes(
  config: QemuConfig,
  placed: readonly { device: Pick<Device, "id" | "kind">; place: Pick<Place, "address"> }[],
): ReadonlyMap<string, string> {
  const disks = placed.flatMap(({ device, place: { address } }) =>
    device.kind === "disk" && address.kind === "pci" ? [{ id: device.id, path: address.path }] : [],
  );
  const ordered = disks.sort(
    (a, b) => depth(a.path) - depth(b.path) || (a.path < b.path ? -1 : Number(a.path > b.path)),
  );
  const first = config.imagePath === undefined || usesNvdimm(config) ? 0 : 1;
  const named = ordered.slice(0, letters.length - first);
  return new Map(named.map(({ id }, index) => [id, `vd${letters[first + index]}`]));
}

function depth(path: string): number {
  return path.split("/").length;
}
