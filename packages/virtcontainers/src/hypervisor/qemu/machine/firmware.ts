import { access } from "node:fs/promises";
import type { MachineType } from "../config.ts";
import { machines } from "./machines.ts";

/** Where distributions keep QEMU's data. */
const folders = ["/usr/share/qemu", "/usr/local/share/qemu", "/usr/share/seabios"];

/** qboot does the little that a PVH kernel needs, in a tenth of SeaBIOS's time. Undefined: QEMU's own choice. */
export async function findFirmware(machineType: MachineType): Promise<string | undefined> {
  if (machines[machineType].arch !== "x64" || machineType === "microvm") return undefined;
  for (const folder of folders) {
    const path = `${folder}/qboot.rom`;
    if (
      await access(path).then(
        () => true,
        () => false,
      )
    )
      return path;
  }
  return undefined;
}
