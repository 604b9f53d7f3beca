import { resolve } from "node:path";
import { badValue } from "../errors/usage.ts";

/** `DIR` or `DIR:ro` or `DIR:rw`; made absolute from `cwd`. */
export function parseRootfs(
  text: string,
  cwd: string,
): { target: string; options: ("ro" | "rw")[] } {
  const [, path, mode] = /^(.*?)(?::(ro|rw))?$/s.exec(text) ?? [];
  if (!path) throw badValue("--rootfs", text, "it must be a folder, DIR or DIR:ro");
  return { target: resolve(cwd, path), options: mode === "ro" ? ["ro"] : ["rw"] };
}
