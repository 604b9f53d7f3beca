import type { FileContent } from "../../config/files.ts";
import { invalidArgument, isVirtError, VirtError } from "../../errors.ts";
import type { Verb } from "../../operation/run-verb.ts";
import { absoluteParts, noBody, Tally, type TreeEntry } from "../../transfer/entry.ts";
import { toGuest } from "../../transfer/to-guest.ts";
import { withFiles } from "./side.ts";
import { statPath } from "./stat.ts";

interface Made {
  mode: number;
  uid: number;
  gid: number;
}

/**
 * Writes a file, which is whole at once or not at all, in folders that are made if need be. What is there is replaced if it
 * is a file or link. ALREADY_EXISTS for anything else, NO_SPACE.
 */
export function writeFile(
  containerId: string,
  path: string,
  content: FileContent,
  made: Made,
): Verb<void> {
  return put(containerId, path, { ...made, kind: "file", body: () => piecesOf(content) });
}

/** Makes a folder, with those above it that are not there; one that is there stays as it is. ALREADY_EXISTS. */
export function makeFolder(containerId: string, path: string, made: Made): Verb<void> {
  return async (operation) => {
    const found = await statPath(containerId, path, true)(operation);
    if (found === undefined)
      await put(containerId, path, { ...made, kind: "folder", body: noBody })(operation);
    else if (found.kind !== "folder")
      throw new VirtError("ALREADY_EXISTS", `${JSON.stringify(path)} is there, and no folder`, {
        sandboxId: operation.sandbox.id,
        containerId,
        field: "path",
        hint: "Remove it first, or choose another path.",
      });
  };
}

function put(
  containerId: string,
  path: string,
  entry: Made & Pick<TreeEntry, "kind" | "body">,
): Verb<void> {
  return (operation) =>
    withFiles(operation, containerId, async (side) => {
      const names = absoluteParts(path, "path");
      if (names.length === 0)
        throw invalidArgument("path", path, "it is the root: name something in it");
      const common = { path: names, mtimeMs: Date.now(), size: 0, target: "" };
      const tree = async function* (): AsyncGenerator<TreeEntry> {
        yield { ...common, ...entry };
      };
      const unlimited = { maxBytes: Number.MAX_SAFE_INTEGER };
      try {
        await toGuest(side, "", tree(), new Tally(unlimited), true);
      } catch (error) {
        if (!isVirtError(error, "AGENT_ERROR") || !/Not a directory/.test(error.message))
          throw error;
        throw invalidArgument("path", path, "what is on the way to it must be folders");
      }
    });
}

/** The most that goes at once. */
const mostBytes = 1024 * 1024;

async function* piecesOf(content: FileContent): AsyncGenerator<Uint8Array> {
  for await (const chunk of chunksOf(content)) {
    const bytes = typeof chunk === "string" ? Buffer.from(chunk) : chunk;
    if (!(bytes instanceof Uint8Array))
      throw invalidArgument("data", typeof bytes, "what is written must be bytes or text");
    for (let at = 0; at < bytes.length; at += mostBytes) yield bytes.subarray(at, at + mostBytes);
  }
}

function chunksOf(
  content: FileContent,
): AsyncIterable<Uint8Array | string> | Iterable<Uint8Array | string> {
  if (typeof content === "string" || content instanceof Uint8Array) return [content];
  if (content instanceof ArrayBuffer) return [new Uint8Array(content)];
  if (content instanceof Blob) return content.stream();
  if (typeof content === "object" && content !== null && Symbol.asyncIterator in content)
    return content;
  const allowed = "it must be a text, bytes, a Blob, a stream, or what can be iterated over";
  throw invalidArgument("data", typeof content, allowed);
}
