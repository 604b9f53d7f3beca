import { closeSync, constants, openSync, statSync, unlinkSync } from "node:fs";
import { dirname, join } from "node:path";
import { isVirtError, VirtError } from "../errors.ts";
import { hostError, isErrno } from "../host/errno.ts";
import type { Host, Lock } from "../host/host.ts";
import { makeTrustedFolder } from "../host/trusted.ts";
import { appendLine } from "../store/append.ts";
import type { JournalRecord } from "./event.ts";
import { keptSegments, segmentBytes, segmentPath, segments } from "./segments.ts";

/** How long a writer waits for one that begins a new file, which takes a moment. */
const lockTimeoutMs = 10_000;
/** How long one that would begin a new file waits for all who write. */
const rotateTimeoutMs = 1_000;

/** A place in the journal; segment 0 is before all files. */
export interface JournalPosition {
  segment: number;
  offset: number;
}

/**
 * What has happened, as lines that all processes append to: each with one write, so that none is torn. It
 * takes at most about 2 MiB; what is older is gone.
 */
export class Journal {
  readonly folder: string;
  readonly #host: Host;

  constructor(host: Host, folder: string) {
    this.#host = host;
    this.folder = folder;
  }

  /** Makes the folder, so that it can be watched. */
  async prepare(): Promise<void> {
    // The folder above is passed through by the VMMs' users.
    makeTrustedFolder(dirname(this.folder), 0o711);
    makeTrustedFolder(this.folder, 0o700);
  }

  async append(record: JournalRecord): Promise<void> {
    await this.prepare();
    this.#host.failpoint("events.append");
    const { segment, size } = await this.#write(`\n${JSON.stringify(record)}`);
    // The event is written. Where others never let go, one of the next writers begins the new file.
    if (size >= segmentBytes) await this.#rotate(segment).catch(unlessBusy);
  }

  /** Where the next event will stand. */
  end(): JournalPosition {
    const segment = segments(this.folder).at(-1) ?? 0;
    try {
      return { segment, offset: statSync(segmentPath(this.folder, segment)).size };
    } catch (error) {
      if (isErrno(error, "ENOENT")) return { segment: 0, offset: 0 };
      throw hostError(error, "reading the journal of events");
    }
  }

  /** The oldest event that is kept. */
  beginning(): JournalPosition {
    return { segment: segments(this.folder)[0] ?? 0, offset: 0 };
  }

  /** Begins with a line end: of two writers at once, one whose line is cut does not spoil the other's. */
  async #write(line: string): Promise<{ segment: number; size: number }> {
    using _lock = await this.#lock("shared", lockTimeoutMs);
    const segment = segments(this.folder).at(-1) ?? 1;
    try {
      return { segment, size: appendLine(segmentPath(this.folder, segment), line) };
    } catch (error) {
      throw hostError(error, "writing the journal of events");
    }
  }

  /** Alone, so that nobody writes to a file that is no longer the last. */
  async #rotate(full: number): Promise<void> {
    using _lock = await this.#lock("exclusive", rotateTimeoutMs);
    const there = segments(this.folder);
    if (there.at(-1) !== full) return;
    const { O_WRONLY, O_CREAT, O_EXCL } = constants;
    try {
      const path = segmentPath(this.folder, full + 1);
      closeSync(openSync(path, O_WRONLY | O_CREAT | O_EXCL, 0o600));
      for (const segment of there.slice(0, 1 - keptSegments))
        unlinkSync(segmentPath(this.folder, segment));
    } catch (error) {
      throw hostError(error, "beginning a new file of the journal of events");
    }
  }

  async #lock(mode: "shared" | "exclusive", timeoutMs: number): Promise<Lock> {
    const options = { create: true, timeoutMs };
    const lock = await this.#host.locks.acquire(join(this.folder, "lock"), mode, options);
    if (lock === undefined) throw new VirtError("HOST_FAILED", "the journal's lock is gone");
    return lock;
  }
}

function unlessBusy(error: unknown): void {
  if (!isVirtError(error, "BUSY")) throw error;
}
