import { invalidArgument, VirtError } from "../../errors.ts";
import type { Verb } from "../../operation/run-verb.ts";
import { Tally } from "../../transfer/entry.ts";
import { guestTree } from "../../transfer/guest-tree.ts";
import { type FileInfo, fileInfo } from "./file-info.ts";
import { withFiles } from "./side.ts";
import { there } from "./stat.ts";

export const defaultMaxEntries = 100_000;
const pageEntries = 1000;

/** What is in a folder, in the order of the bytes of the names; names that are no UTF-8 are left out. */
export function listFolder(
  containerId: string,
  path: string,
  { recursive, maxEntries }: { recursive: boolean; maxEntries: number },
): Verb<FileInfo[]> {
  return (operation) =>
    withFiles(operation, containerId, async (side) => {
      const root = await there(side, path);
      if (root.kind !== "folder") throw invalidArgument("path", path, "it must be a folder");
      const above = path === "/" ? "" : path;
      const found: FileInfo[] = [];
      const add = (info: FileInfo): void => {
        if (found.length >= maxEntries) throw tooMany(operation.sandbox.id, path, maxEntries);
        found.push(info);
      };
      if (recursive) {
        const tally = new Tally({ maxEntries: maxEntries + 1 });
        for await (const { path: names, size, ...entry } of guestTree(side, above, root, tally)) {
          if (names.length === 0) continue;
          const at = `${above}/${names.join("/")}`;
          add(fileInfo(at, { ...entry, size, name: Buffer.alloc(0) }));
        }
        return found;
      }
      for (let after: Buffer = Buffer.alloc(0); ; ) {
        const page = { after, limit: pageEntries };
        const entries = await side.agent.listFolder(containerId, path, page, side.signal);
        const last = entries.at(-1);
        if (last === undefined) return found;
        for (const entry of entries) {
          const name = entry.name.toString("utf8");
          if (Buffer.from(name).equals(entry.name)) add(fileInfo(`${above}/${name}`, entry));
        }
        after = last.name;
      }
    });
}

function tooMany(sandboxId: string, path: string, maxEntries: number): VirtError {
  return new VirtError("NO_SPACE", `there is more than ${maxEntries} in ${path}`, {
    sandboxId,
    field: "options.maxEntries",
    hint: "Raise maxEntries, or list a folder further down.",
  });
}
