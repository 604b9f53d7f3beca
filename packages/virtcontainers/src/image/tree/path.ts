import { invalidImage } from "../failure.ts";
import { type Budget, maxDepth, maxNameBytes, maxPathBytes, maxPathSteps } from "../limits.ts";
import { shown } from "../tar/read.ts";
import type { DirectoryNode, Link } from "./node.ts";
import { impliedDirectory } from "./node.ts";

/** As many symlinks as Linux follows in one path. */
const maxSymlinks = 40;

/**
 * The components of an entry's path, which is taken from the image's root. IMAGE_INVALID naming the
 * entry if it holds `..`, NUL, or is too long.
 */
export function components(path: string, entry: string): string[] {
  if (path.length > maxPathBytes) {
    throw invalidImage(`the archive's entry ${shown(entry)} has a path of ${path.length} bytes`);
  }
  const parts = path.split("/").filter((part) => part !== "" && part !== ".");
  for (const part of parts) {
    if (part === "..") {
      throw invalidImage(
        `the archive's entry ${shown(entry)} leaves its folder${path === entry ? "" : ` through its link target ${shown(path)}`}`,
        "The image is unsafe and was not unpacked; take it from another source.",
      );
    }
    if (part.length > maxNameBytes) {
      throw invalidImage(`the archive's entry ${shown(entry)} has a name over 255 bytes`);
    }
    if (part.includes("\0")) {
      throw invalidImage(`the archive's entry ${shown(entry)} has a NUL in its name`);
    }
  }
  return parts;
}

/**
 * The folder at `parts`, following symlinks as a process whose root is the image would, so never out of
 * it. Missing folders are made if `create` names a layer, also where a symlink leads to nothing if that says so;
 * otherwise undefined. Steps and made folders are
 * taken from the budget.
 */
export function findDirectory(
  root: DirectoryNode,
  parts: readonly string[],
  entry: string,
  budget: Budget,
  create?: { layer: number; throughDangling?: boolean },
): DirectoryNode | undefined {
  const pending = parts.map((part) => ({ part, ofSymlink: false })).reverse();
  const trail: DirectoryNode[] = [root];
  let symlinks = 0;
  let steps = parts.length + 1;
  budget.takeSteps(steps);
  for (let step = pending.pop(); step !== undefined; step = pending.pop()) {
    const { part, ofSymlink } = step;
    const here = trail.at(-1) ?? root;
    if (part === "..") {
      if (trail.length > 1) trail.pop();
      continue;
    }
    let link: Link | undefined = here.children.get(part);
    if (!link) {
      if (!create) return undefined;
      if (ofSymlink && !create.throughDangling) {
        throw invalidImage(`the archive's entry ${shown(entry)} lies behind a dangling symlink`);
      }
      budget.takeEntry(part.length);
      link = { node: impliedDirectory(), layer: create.layer };
      here.children.set(part, link);
    }
    const { node } = link;
    if (node.kind === "directory") {
      if (trail.length >= maxDepth) {
        throw invalidImage(
          `the archive's entry ${shown(entry)} lies more than ${maxDepth} folders deep`,
        );
      }
      trail.push(node);
    } else if (node.kind === "symlink") {
      symlinks += 1;
      // Slashes alone cost time too, half a step each.
      const cost = 1 + Math.ceil(node.target.length / 2);
      steps += cost;
      budget.takeSteps(cost);
      if (steps > maxPathSteps) {
        throw invalidImage(
          `the archive's entry ${shown(entry)} lies behind symlinks of more than ${maxPathSteps} steps`,
        );
      }
      if (symlinks > maxSymlinks) {
        throw invalidImage(`the archive's entry ${shown(entry)} lies behind a loop of symlinks`);
      }
      if (node.target.startsWith("/")) trail.splice(1);
      const names = node.target.split("/").filter((name) => name !== "" && name !== ".");
      for (const name of names.reverse()) pending.push({ part: name, ofSymlink: true });
    } else {
      throw invalidImage(
        `the archive's entry ${shown(entry)} lies below something that is no folder`,
      );
    }
  }
  return trail.at(-1) ?? root;
}
