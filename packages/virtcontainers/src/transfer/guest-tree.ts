import type { AgentFiles, GuestFile } from "../agent/files.ts";
import { VirtError } from "../errors.ts";
import { isPlainName, noBody, pieceBytes, type Tally, type TreeEntry } from "./entry.ts";

/** The files of one container, for the time of one copy. */
export interface GuestSide {
  agent: AgentFiles;
  sandboxId: string;
  containerId: string;
  signal: AbortSignal;
  /** The agent gives a file its name when it is whole. */
  parts: boolean;
  /** Takes away what was put of a file that will never be whole; gives its caller's error, with what is left. */
  drop(reason: unknown, path: string, part: string): Promise<unknown>;
}

/** How many entries of a folder are asked for at once; fewer far down, since those of all folders above are kept. */
const pageEntries = 1000;
const pageEntriesFarDown = 64;
const farDown = 8;

/**
 * A file, folder or link of a container with all below it, but for what is at the absolute paths of `mounts`: of these
 * only the folders themselves. The guest may lie about all of it.
 */
export async function* guestTree(
  side: GuestSide,
  path: string,
  root: GuestFile,
  tally: Tally,
  mounts: ReadonlySet<string> = new Set(),
): AsyncGenerator<TreeEntry> {
  yield* walk(side, path, root, [], tally, mounts);
}

async function* walk(
  side: GuestSide,
  path: string,
  file: GuestFile,
  names: readonly string[],
  tally: Tally,
  mounts: ReadonlySet<string>,
): AsyncGenerator<TreeEntry> {
  const mounted = mounts.has(path);
  if (mounted && file.kind !== "folder") return;
  const { kind, mode, uid, gid, mtimeMs, size, target } = file;
  if (kind === "other") {
    tally.skip(names, "a device, socket or pipe");
    return;
  }
  const body = kind === "file" ? () => content(side, path, size) : noBody;
  yield { kind, path: names, mode, uid, gid, mtimeMs, size, target, body };
  if (kind !== "folder" || mounted) return;
  const { agent, containerId, signal } = side;
  const limit = names.length < farDown ? pageEntries : pageEntriesFarDown;
  for (let after: Buffer = Buffer.alloc(0); ; ) {
    const entries = await agent.listFolder(containerId, path || "/", { after, limit }, signal);
    const last = entries.at(-1);
    if (last === undefined) return;
    for (const entry of entries) {
      const name = nameOf(entry, side);
      if (name === undefined)
        tally.skip([...names, entry.name.toString()], "its name is not UTF-8");
      else yield* walk(side, `${path}/${name}`, entry, [...names, name], tally, mounts);
    }
    after = last.name;
  }
}

/** Undefined if it is no text. A name that leads elsewhere is a lie, since no file system has it. */
function nameOf(entry: GuestFile, side: GuestSide): string | undefined {
  const name = entry.name.toString("utf8");
  if (!isPlainName(name)) {
    throw new VirtError(
      "PROTOCOL_VIOLATION",
      "the guest agent told a file name that can't be one",
      {
        sandboxId: side.sandboxId,
        containerId: side.containerId,
      },
    );
  }
  return Buffer.from(name).equals(entry.name) ? name : undefined;
}

/** At most as much as the file had when it was looked at; what files of /proc have can't be seen then. */
async function* content(side: GuestSide, path: string, size: number): AsyncGenerator<Uint8Array> {
  const { agent, containerId, signal } = side;
  const most = size === 0 ? Number.POSITIVE_INFINITY : size;
  for (let offset = 0; offset < most; ) {
    const length = Math.min(pieceBytes, most - offset);
    const data = await agent.readFile(containerId, path, { offset, length }, signal);
    if (data.length === 0) return;
    offset += data.length;
    yield data;
  }
}
