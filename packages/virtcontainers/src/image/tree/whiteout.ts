import type { Budget } from "../limits.ts";
import type { DirectoryNode } from "./node.ts";

/** Prefix of the marks for removed files in a layer (OCI image spec, layer.md, "Whiteouts"). */
const prefix = ".wh.";
const opaque = ".wh..wh..opq";
/** Marks of AUFS itself, which mean nothing elsewhere. */
const aufsPrefix = ".wh..wh.";

export type Mark = { kind: "none" | "opaque" | "ignored" } | { kind: "whiteout"; hides: string };

/** What a name in a layer stands for. */
export function markOf(name: string): Mark {
  if (name === opaque) return { kind: "opaque" };
  if (name.startsWith(aufsPrefix)) return { kind: "ignored" };
  if (name.startsWith(prefix)) return { kind: "whiteout", hides: name.slice(prefix.length) };
  return { kind: "none" };
}

/** Removes what lower layers put at a name; what `layer` itself put there or below stays. */
export function hide(directory: DirectoryNode, name: string, layer: number, budget: Budget): void {
  budget.takeSteps(1);
  const link = directory.children.get(name);
  if (!link) return;
  if (link.node.kind === "directory") {
    hideAll(link.node, layer, budget);
    if (link.node.children.size > 0) return;
  }
  if (link.layer < layer) directory.children.delete(name);
}

/** Removes everything that lower layers put into a folder. */
export function hideAll(directory: DirectoryNode, layer: number, budget: Budget): void {
  for (const name of [...directory.children.keys()]) hide(directory, name, layer, budget);
}
