import type { Readable } from "node:stream";
import { UsageError } from "../errors/usage.ts";

/** The text of a stream, of at most `most` bytes; what fails is told of the option and the name. */
export async function readBounded(
  option: string,
  name: string,
  from: Readable,
  most: number,
): Promise<string> {
  const chunks: Buffer[] = [];
  let length = 0;
  try {
    for await (const chunk of from) {
      chunks.push(chunk);
      length += chunk.length;
      if (length > most) break;
    }
  } catch (error) {
    throw new UsageError(
      `${option}: can't read ${name}: ${error instanceof Error ? error.message : error}`,
    );
  }
  if (length > most) {
    throw new UsageError(`${option}: ${name} is larger than ${most / 1024 ** 2} MiB`);
  }
  return Buffer.concat(chunks).toString("utf8");
}
