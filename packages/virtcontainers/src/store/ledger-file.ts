import { basename, dirname } from "node:path";
import * as v from "valibot";
import { VirtError } from "../errors.ts";
import { hostError, isErrno } from "../host/errno.ts";
import type { Host } from "../host/host.ts";
import { readTrusted } from "../host/trusted.ts";
import { appendLine, wholeLines } from "./append.ts";
import { type Bounds, boundsOf } from "./bounds.ts";
import type { Hold } from "./hold.ts";
import type { Ledger, LedgerEntry, LedgerRecord } from "./ledger.ts";
import { about, placeOutside, Record, release } from "./record/record.ts";

const Line = v.union([
  v.strictObject({ seq: v.number(), record: Record }),
  v.strictObject({ seq: v.number(), released: v.literal(true) }),
]);

/**
 * The ledger of one sandbox: a file of lines, only ever appended to. A line is in the kernel's hands
 * before the thing that it speaks of is taken, so the death of this process loses nothing.
 */
export class LedgerFile implements Ledger {
  readonly #entries = new Map<number, LedgerRecord>();
  readonly #host: Host;
  readonly #path: string;
  readonly #bounds: Bounds;
  readonly #hold: Hold | undefined;
  #lastSeq = 0;

  /** With a hold, nothing is taken or released once it is given up. */
  constructor(host: Host, path: string, hold?: Hold) {
    this.#hold = hold;
    this.#host = host;
    this.#path = path;
    this.#bounds = boundsOf(path);
    this.#load();
  }

  async take<T>(
    record: LedgerRecord,
    acquire: (update: (record: LedgerRecord) => Promise<void>) => Promise<T>,
  ): Promise<T> {
    const seq = ++this.#lastSeq;
    this.#host.failpoint(`take.${record.kind}.before`);
    this.#write(seq, record);
    this.#host.failpoint(`take.${record.kind}.recorded`);
    try {
      const taken = await this.#held(() => acquire(async (more) => this.#write(seq, more)));
      this.#host.failpoint(`take.${record.kind}.taken`);
      return taken;
    } catch (error) {
      await this.#release(seq).catch(() => {});
      throw error;
    }
  }

  async release(match: (record: LedgerRecord) => boolean): Promise<void> {
    for (const [seq, record] of [...this.#entries].reverse()) {
      if (match(record)) await this.#release(seq);
    }
  }

  strike(match: (record: LedgerRecord) => boolean): void {
    for (const [seq, record] of this.#entries) if (match(record)) this.#strike(seq, record);
  }

  /** Releases what only a VM needs: its processes first, since they use the rest. */
  async releaseVm(): Promise<void> {
    await this.release(({ kind }) => kind === "process");
    await this.release((record) => about(record).life === "vm");
  }

  async releaseAll(keep?: (record: LedgerRecord) => boolean): Promise<void> {
    const errors: unknown[] = [];
    for (const [seq, record] of [...this.#entries].reverse()) {
      if (keep?.(record)) continue;
      await this.#release(seq).catch((error: unknown) => errors.push(error));
    }
    if (errors.length === 1) throw errors[0];
    if (errors.length > 1) {
      throw new VirtError("HOST_FAILED", `${errors.length} things could not be released`, {
        cause: new AggregateError(errors),
      });
    }
  }

  entries(): readonly LedgerEntry[] {
    return [...this.#entries].map(([seq, record]) => ({ seq, record }));
  }

  async #release(seq: number): Promise<void> {
    const record = this.#entries.get(seq);
    if (record === undefined) return;
    await this.#held(() => release(this.#host, record));
    this.#strike(seq, record);
  }

  #strike(seq: number, record: LedgerRecord): void {
    this.#entries.delete(seq);
    try {
      this.#append({ seq, released: true });
    } catch (error) {
      // The ledger itself goes with the sandbox's folder; releasing twice does no harm, so a full disk hinders none.
      if (!isErrno(error, "ENOENT", "ENOSPC", "EDQUOT"))
        throw hostError(error, "writing the ledger");
    }
    this.#host.failpoint(`release.${record.kind}.released`);
  }

  async #held<T>(work: () => Promise<T>): Promise<T> {
    return this.#hold === undefined ? await work() : await this.#hold.change(work);
  }

  #write(seq: number, record: LedgerRecord): void {
    this.#hold?.assert();
    try {
      this.#append({ seq, record });
    } catch (error) {
      throw hostError(error, "writing the ledger");
    }
    this.#entries.set(seq, record);
  }

  #append(line: v.InferInput<typeof Line>): void {
    appendLine(this.#path, JSON.stringify(line));
  }

  #load(): void {
    const text = readTrusted(this.#path);
    for (const line of wholeLines(text ?? "")) this.#read(line);
  }

  #read(text: string): void {
    let line: v.InferOutput<typeof Line>;
    try {
      line = v.parse(Line, JSON.parse(text));
    } catch (cause) {
      throw this.#damaged("is damaged", cause);
    }
    const outside = "record" in line ? placeOutside(this.#bounds, line.record) : undefined;
    if (outside !== undefined)
      throw this.#damaged(`names ${JSON.stringify(outside)}, which is not the sandbox's`);
    this.#lastSeq = Math.max(this.#lastSeq, line.seq);
    if ("released" in line) this.#entries.delete(line.seq);
    else this.#entries.set(line.seq, line.record);
  }

  #damaged(what: string, cause?: unknown): VirtError {
    const folder = dirname(this.#path);
    return new VirtError("STATE_INVALID", `the ledger ${this.#path} ${what}`, {
      cause,
      sandboxId: basename(folder),
      hint: `End the processes that name ${folder}, unmount what is mounted below it, and remove it.`,
    });
  }
}
