import { readFile } from "node:fs/promises";

/** The file system that is mounted exactly at a path, the topmost one; undefined if none is. proc(5), mountinfo. */
export async function fileSystemAt(path: string): Promise<string | undefined> {
  const lines = (await readFile("/proc/self/mountinfo", "utf8")).split("\n");
  const escaped = path.replace(
    /[ \t\n\\]/g,
    (c) => `\\${c.charCodeAt(0).toString(8).padStart(3, "0")}`,
  );
  const mounts = lines.map((line) => line.split(" ")).filter((fields) => fields[4] === escaped);
  const fields = mounts.at(-1) ?? [];
  return fields[fields.indexOf("-") + 1];
}
