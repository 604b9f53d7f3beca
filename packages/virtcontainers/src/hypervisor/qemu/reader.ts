import { Buffer } from "node:buffer";
import type { Duplex } from "node:stream";
import { VirtError } from "../../errors.ts";

/** QMP sends one JSON object a line; none of those that we ask for comes near this. */
const maxLineBytes = 1024 * 1024;

/** The lines of a stream, each bounded; ends with the stream. */
export async function* readLines(stream: Duplex): AsyncGenerator<string> {
  let parts: Buffer[] = [];
  let size = 0;
  for await (const data of stream) {
    let chunk: Buffer = Buffer.from(data);
    for (let end = chunk.indexOf(10); end >= 0; end = chunk.indexOf(10)) {
      parts.push(chunk.subarray(0, end));
      size += end;
      checkSize(size);
      yield Buffer.concat(parts).toString("utf8");
      parts = [];
      size = 0;
      chunk = chunk.subarray(end + 1);
    }
    parts.push(chunk);
    size += chunk.length;
    checkSize(size);
  }
}

function checkSize(size: number): void {
  if (size > maxLineBytes) {
    throw new VirtError("HYPERVISOR_FAILED", `QEMU sent a line of more than ${maxLineBytes} bytes`);
  }
}
