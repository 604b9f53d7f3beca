import { pathsFeature } from "../../agent/files.ts";
import { invalidArgument, VirtError } from "../../errors.ts";
import type { Verb } from "../../operation/run-verb.ts";
import { pieceBytes } from "../../transfer/entry.ts";
import { withFiles } from "./side.ts";
import { there } from "./stat.ts";

export const defaultMaxBytes = 64 * 1024 * 1024;

/** Sees to it that there is a file. FILE_NOT_FOUND, INVALID_ARGUMENT. */
export function assertFile(containerId: string, path: string): Verb<void> {
  return (operation) =>
    withFiles(operation, containerId, async (side) => {
      const { kind } = await there(side, path);
      if (kind === "file") return;
      const what = kind === "folder" ? "a folder" : "a device, socket or pipe";
      throw invalidArgument("path", path, `it is ${what}: name a file`);
    });
}

/** A piece of a file; empty at its end. */
export function readPiece(containerId: string, path: string, offset: number): Verb<Uint8Array> {
  return (operation) => {
    const follow = operation.sandbox.agentFeatures.includes(pathsFeature);
    const piece = { offset, length: pieceBytes, follow };
    return withFiles(operation, containerId, ({ agent, signal }) =>
      agent.readFile(containerId, path, piece, signal),
    );
  };
}

/** A whole file, as it is while it is read. NO_SPACE for one that is longer than `maxBytes`. */
export function readWhole(containerId: string, path: string, maxBytes: number): Verb<Buffer> {
  return async (operation) => {
    await assertFile(containerId, path)(operation);
    const pieces: Uint8Array[] = [];
    for (let offset = 0; ; ) {
      const piece = await readPiece(containerId, path, offset)(operation);
      if (piece.length === 0) return Buffer.concat(pieces);
      offset += piece.length;
      if (offset > maxBytes)
        throw new VirtError("NO_SPACE", `${path} is longer than ${maxBytes} bytes`, {
          sandboxId: operation.sandbox.id,
          field: "options.maxBytes",
          hint: "Raise maxBytes, or read it by files.readStream().",
        });
      pieces.push(piece);
    }
  };
}
