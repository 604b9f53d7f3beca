import { printable } from "../errors.ts";
import { openUntrusted } from "../host/files.ts";

const maxBytes = 16 * 1024;

/** The last lines of a file that a guest or the VMM writes: bounded, and safe to print. */
export async function tailOf(path: string, lines: number): Promise<string> {
  await using file = await openUntrusted(path);
  if (file === undefined) return "";
  const { size } = await file.stat();
  const buffer = Buffer.alloc(maxBytes);
  const { bytesRead } = await file.read(buffer, 0, maxBytes, Math.max(0, size - maxBytes));
  const text = buffer.toString("utf8", 0, bytesRead).replaceAll("\r\n", "\n").trimEnd();
  return printable(text).split("\n").slice(-lines).join("\n");
}
