import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { join } from "node:path";
import { createHost } from "../../src/host/real.ts";

/** Everything that sandboxes below a folder still hold of the host: folders, uses of images, writable layers, mounts, processes. */
export async function leftovers(folder: string): Promise<string[]> {
  const mounts = await createHost().mounts.listBelow(folder);
  return [
    ...entries(join(folder, "state", "sbs")),
    ...["images", "data/images", "data/volumes"]
      .flatMap((place) => entries(join(folder, place)))
      .flatMap((path) => entries(join(path, "users"))),
    ...entries(join(folder, "data", "layers")),
    ...mounts.map((path) => `mount ${path}`),
    ...processesOf(folder).map((what) => `process ${what}`),
  ];
}

function entries(folder: string): string[] {
  try {
    return readdirSync(folder).map((name) => join(folder, name));
  } catch {
    return [];
  }
}

/** Living processes that work in the folder or name it among their arguments. */
function processesOf(folder: string): string[] {
  return readdirSync("/proc").flatMap((pid) => {
    if (!/^\d+$/.test(pid) || Number(pid) === process.pid) return [];
    try {
      const command = readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ");
      const uses = `${readlinkSync(`/proc/${pid}/cwd`)} ${command}`.includes(folder);
      return uses ? [`${pid} ${command}`] : [];
    } catch {
      return [];
    }
  });
}
