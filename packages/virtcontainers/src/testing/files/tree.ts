import { TtrpcError } from "@virtcontainers/ttrpc";

/** One file, folder or link in a container of the test guest. */
export interface TreeNode {
  kind: "file" | "folder" | "link";
  mode: number;
  uid: number;
  gid: number;
  mtimeMs: number;
  /** What is in a file, or where a link leads. */
  data: Buffer;
  /** What is in a folder, by name. */
  entries: Map<string, TreeNode>;
}

/** As of Linux. */
const maxLinks = 40;

export function makeNode(kind: TreeNode["kind"], more: Partial<TreeNode> = {}): TreeNode {
  const common = { mode: kind === "folder" ? 0o755 : 0o644, uid: 0, gid: 0, mtimeMs: Date.now() };
  return { kind, ...common, data: Buffer.alloc(0), entries: new Map(), ...more };
}

/** What a path leads to from a root, as in a container: no link leads out of it. Undefined if there is nothing. */
export function find(root: TreeNode, path: string, follow = true): TreeNode | undefined {
  if (path === "") return undefined;
  let left = maxLinks;
  const way = [root];
  const names = path.split("/").reverse();
  for (let name = names.pop(); name !== undefined; name = names.pop()) {
    const here = way.at(-1) ?? root;
    if (name === "" || name === ".") continue;
    if (name === "..") {
      if (way.length > 1) way.pop();
      continue;
    }
    const next = here.kind === "folder" ? here.entries.get(name) : undefined;
    if (next === undefined) return undefined;
    if (next.kind !== "link" || (!follow && names.every((rest) => rest === ""))) {
      way.push(next);
      continue;
    }
    if (left-- === 0) throw failure(path, "Too many levels of symbolic links (os error 40)");
    const target = next.data.toString();
    if (target.startsWith("/")) way.length = 1;
    names.push(...target.split("/").reverse());
  }
  return way.at(-1);
}

/** The folder that holds what a path names, and its name there. */
export function parentOf(root: TreeNode, path: string): { folder: TreeNode; name: string } {
  const [, above = "", name = ""] = /^(.*?)([^/]*)\/*$/s.exec(path) ?? [];
  if (name === "" || name === "." || name === "..")
    throw new TtrpcError("invalid_argument", `path: ${path} names no file of a folder`);
  const folder = find(root, above || "/");
  if (folder === undefined) throw failure(above, "No such file or directory (os error 2)");
  if (folder.kind !== "folder") throw failure(above, "Not a directory (os error 20)");
  return { folder, name };
}

/** The agent's words for an error of the guest's kernel. */
export function failure(path: string, text: string): TtrpcError {
  return new TtrpcError("internal", `${path}: ${text}`);
}
