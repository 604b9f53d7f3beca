import * as v from "valibot";
import type { Import } from "./imports.ts";

/** The folders of a tree from the top down; "." stands for the files beside them, but for those that are named. */
export const Layers = v.strictObject({
  layers: v.array(v.string()),
  /** Folders that may import everything, and that nobody imports. */
  beside: v.array(v.string()),
});
export type Layers = v.InferOutput<typeof Layers>;

/** What is wrong with the imports of a tree, a line for each. */
export function layerFaults({ layers, beside }: Layers, imports: readonly Import[]): string[] {
  const layerOf = (path: string): string => {
    const [first = "", ...rest] = path.split("/");
    return rest.length > 0 || layers.includes(first) ? first : ".";
  };
  const faults = new Set<string>();
  for (const { from, to } of imports) {
    const [above, below] = [layerOf(from), layerOf(to)];
    if (above === below || beside.includes(above)) continue;
    const [at, target] = [layers.indexOf(above), layers.indexOf(below)];
    if (to.startsWith("..")) faults.add(`${from} leaves the tree: ${to}`);
    else if (at < 0) faults.add(`${above} is no layer`);
    else if (beside.includes(below)) faults.add(`${from} imports ${to}, which nobody may`);
    else if (target < 0) faults.add(`${below} is no layer`);
    else if (target < at) faults.add(`${from} imports ${to}, which is above it`);
  }
  return [...faults];
}

/**
 * The cycles between folders that lie beside each other, at any depth: `a -> b -> a`. A folder's own files and
 * those of the folders in it are one thing.
 */
export function folderCycles(imports: readonly Import[]): string[] {
  const levels = new Map<string, Map<string, Set<string>>>();
  for (const { from, to } of imports) {
    const [a, b] = [from.split("/"), to.split("/")];
    const depth = a.findIndex((name, index) => name !== b[index]);
    // Only folders: the last name is the file's.
    if (depth < 0 || depth >= a.length - 1 || depth >= b.length - 1) continue;
    const parent = a.slice(0, depth).join("/");
    const folders = levels.get(parent) ?? new Map<string, Set<string>>();
    levels.set(parent, folders);
    const [source = "", target = ""] = [a[depth], b[depth]];
    folders.set(source, (folders.get(source) ?? new Set()).add(target));
  }
  return [...levels].flatMap(([parent, folders]) =>
    cyclesOf(folders).map((cycle) => `${parent === "" ? "" : `${parent}: `}${cycle.join(" -> ")}`),
  );
}

/** One cycle for each that a walk from every node closes. */
function cyclesOf(graph: ReadonlyMap<string, ReadonlySet<string>>): string[][] {
  const cycles: string[][] = [];
  const done = new Set<string>();
  const walk = (node: string, path: readonly string[]): void => {
    const start = path.indexOf(node);
    if (start >= 0) cycles.push([...path.slice(start), node]);
    if (start >= 0 || done.has(node)) return;
    for (const next of graph.get(node) ?? []) walk(next, [...path, node]);
    done.add(node);
  };
  for (const node of graph.keys()) walk(node, []);
  return cycles;
}
