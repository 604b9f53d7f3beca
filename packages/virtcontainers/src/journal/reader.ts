import { type FileHandle, open } from "node:fs/promises";
import * as v from "valibot";
import { VirtError } from "../errors.ts";
import { hostError, isErrno } from "../host/errno.ts";
import { JournalRecord } from "./event.ts";
import type { JournalPosition } from "./journal.ts";
import { segmentPath, segments } from "./segments.ts";

const chunkBytes = 64 * 1024;
/** A record is much shorter; a longer line is none. */
const longestLine = 16 * 1024;
const newline = 0x0a;

/** Reads the journal from a position on, as far as it goes, and later what has come since. */
export class JournalReader implements AsyncDisposable {
  readonly #folder: string;
  #segment: number;
  #offset: number;
  #file: FileHandle | undefined;
  #held: Buffer = Buffer.alloc(0);

  constructor(folder: string, position: JournalPosition) {
    this.#folder = folder;
    this.#segment = position.segment;
    this.#offset = position.offset;
  }

  /** All that stands there now and was not read. INVALID_STATE if some of it is gone already. */
  async *rest(): AsyncGenerator<JournalRecord> {
    for (;;) {
      yield* this.#restOfSegment();
      const next = segments(this.#folder).find((segment) => segment > this.#segment);
      if (next === undefined) return;
      // Whoever wrote to it had done so before the next one was begun.
      yield* this.#restOfSegment();
      await this.#goTo(next);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#file?.close();
    this.#file = undefined;
  }

  async #goTo(segment: number): Promise<void> {
    if (this.#segment !== 0 && segment !== this.#segment + 1) {
      throw new VirtError(
        "INVALID_STATE",
        "events came faster than they were taken; some are lost",
        {
          hint: "Take them without pauses, or watch again with `since`.",
        },
      );
    }
    await this[Symbol.asyncDispose]();
    this.#segment = segment;
    this.#offset = 0;
    this.#held = Buffer.alloc(0);
  }

  async *#restOfSegment(): AsyncGenerator<JournalRecord> {
    this.#file ??= await openIfThere(segmentPath(this.#folder, this.#segment));
    if (this.#file === undefined) return;
    const chunk = Buffer.allocUnsafe(chunkBytes);
    for (;;) {
      const { bytesRead } = await this.#file.read(chunk, 0, chunkBytes, this.#offset);
      if (bytesRead === 0) return;
      this.#offset += bytesRead;
      yield* this.#records(chunk.subarray(0, bytesRead));
    }
  }

  *#records(bytes: Buffer): Generator<JournalRecord> {
    let from = 0;
    for (let end = bytes.indexOf(newline); end >= 0; end = bytes.indexOf(newline, from)) {
      const line = Buffer.concat([this.#held, bytes.subarray(from, end)]).toString("utf8");
      this.#held = Buffer.alloc(0);
      from = end + 1;
      const record = parseRecord(line);
      if (record !== undefined) yield record;
    }
    const left = Buffer.concat([this.#held, bytes.subarray(from)]);
    this.#held = left.subarray(0, longestLine);
  }
}

/** Undefined for what is no record: an empty line, or one that a full disk has cut. */
function parseRecord(line: string): JournalRecord | undefined {
  if (line === "" || line.length >= longestLine) return undefined;
  try {
    const result = v.safeParse(JournalRecord, JSON.parse(line));
    return result.success ? result.output : undefined;
  } catch {
    return undefined;
  }
}

async function openIfThere(path: string): Promise<FileHandle | undefined> {
  try {
    return await open(path, "r");
  } catch (error) {
    if (isErrno(error, "ENOENT")) return undefined;
    throw hostError(error, `reading ${path}`);
  }
}
