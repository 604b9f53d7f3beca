import { lstat } from "node:fs/promises";
import { isErrno } from "./errno.ts";

/** What others than root must be able to do with a device: a VMM runs as a user of its own. */
const devices = [
  { path: "/dev/null", major: 1, minor: 3, mode: 0o006, needs: "read and written" },
  { path: "/dev/zero", major: 1, minor: 5, mode: 0o006, needs: "read and written" },
  { path: "/dev/random", major: 1, minor: 8, mode: 0o004, needs: "read" },
  { path: "/dev/urandom", major: 1, minor: 9, mode: 0o004, needs: "read" },
] as const;

export interface DeviceFault {
  /** What is wrong with it. */
  detail: string;
  remedy: string;
}

/** The devices of this host that are another way than every program relies on. */
export async function faultyDevices(
  look: (path: string) => ReturnType<typeof lstat> = lstat,
): Promise<DeviceFault[]> {
  const faults = await Promise.all(devices.map((device) => faultOf(device, look)));
  return faults.filter((fault) => fault !== undefined);
}

async function faultOf(
  { path, major, minor, mode, needs }: (typeof devices)[number],
  look: (path: string) => ReturnType<typeof lstat>,
): Promise<DeviceFault | undefined> {
  const remake = `Run: sudo rm -f ${path} && sudo mknod -m 666 ${path} c ${major} ${minor}`;
  try {
    const found = await look(path);
    // Minor numbers of up to eight bits stand below the major number.
    if (!found.isCharacterDevice() || Number(found.rdev) !== major * 256 + minor) {
      return { detail: `${path} is not the device ${major}:${minor}`, remedy: remake };
    }
    if ((Number(found.mode) & mode) === mode) return undefined;
    const is = (Number(found.mode) & 0o7777).toString(8).padStart(4, "0");
    const detail = `${path} has mode ${is}, and can't be ${needs} by all users`;
    return { detail, remedy: `Run: sudo chmod 666 ${path}` };
  } catch (error) {
    if (!isErrno(error, "ENOENT")) throw error;
    return { detail: `${path} is missing`, remedy: remake };
  }
}
