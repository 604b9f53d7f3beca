import { normalize } from "node:path/posix";

/** What a name of a folder stands for. */
export type RootEntry<Node> =
  | { kind: "folder" | "file"; node: Node }
  | { kind: "link"; target: string };

/** A container's root as the host can read it, whoever made what is in it. */
export interface RootTree<Node> {
  readonly root: Node;
  /** What a folder has under a name, no link followed; undefined if there is none, or nothing to read. */
  step(folder: Node, name: string): Promise<RootEntry<Node> | undefined>;
  /** The first bytes of a file, `limit` at most. */
  read(file: Node, limit: number): Promise<Buffer>;
}

interface Found<Node> {
  /** Undefined if it is missing, or neither file nor folder. */
  entry: { kind: "folder" | "file"; node: Node } | undefined;
  /** Where it is, or would be, from the root, without links: begins with a slash. */
  path: string;
  /** The same of all that was looked up on the way. */
  passed: string[];
}

/** As many links as Linux follows, and more names than any sensible path has. */
const maxLinks = 40;
const maxSteps = 1000;

/** Finds a path as a process whose root it is would: links lead nowhere out of it. */
export async function find<Node>(tree: RootTree<Node>, path: string): Promise<Found<Node>> {
  const trail: { name: string; node: Node }[] = [];
  const pending = namesOf(path).reverse();
  const passed: string[] = [];
  const here = (...names: string[]) => `/${[...trail.map(({ name }) => name), ...names].join("/")}`;
  let links = 0;
  let steps = 0;
  for (let name = pending.pop(); name !== undefined; name = pending.pop()) {
    if (name === "..") {
      trail.pop();
      continue;
    }
    passed.push(here(name));
    const possible = ++steps <= maxSteps && links <= maxLinks;
    const entry = possible ? await tree.step(trail.at(-1)?.node ?? tree.root, name) : undefined;
    if (entry?.kind === "folder") {
      trail.push({ name, node: entry.node });
    } else if (entry?.kind === "link") {
      links++;
      if (entry.target.startsWith("/")) trail.length = 0;
      pending.push(...namesOf(entry.target).reverse());
    } else {
      const beyond = normalize(here(name, ...pending.reverse()));
      return { entry: pending.length === 0 ? entry : undefined, path: beyond, passed };
    }
  }
  const node = trail.at(-1)?.node ?? tree.root;
  return { entry: { kind: "folder", node }, path: here(), passed };
}

function namesOf(path: string): string[] {
  return path.split("/").filter((name) => name !== "" && name !== ".");
}
