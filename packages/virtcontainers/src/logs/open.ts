import { basename } from "node:path";
import { openUntrusted } from "../host/files.ts";
import { logFileNames } from "../store/log-carrier.ts";
import { openLogDisk } from "./disk/open.ts";
import type { OpenLog } from "./log.ts";

const chunkBytes = 256 * 1024;

/** Undefined if there is no such log. */
export async function openLog(path: string): Promise<OpenLog | undefined> {
  if (basename(path) === logFileNames.disk) return await openLogDisk(path);
  const file = await openUntrusted(path);
  return (
    file && {
      size: async () => (await file.stat()).size,
      read: async (offset) => {
        const chunk = Buffer.allocUnsafe(chunkBytes);
        const { bytesRead } = await file.read(chunk, 0, chunkBytes, offset);
        return chunk.subarray(0, bytesRead);
      },
      [Symbol.asyncDispose]: () => file.close(),
    }
  );
}
