import { closeSync, fstatSync, openSync, renameSync, writeSync } from "node:fs";
import { join } from "node:path";
import type { EgressDecision } from "../audit.ts";
import { logName, olderLogName } from "../helper-config.ts";
import { TokenBucket } from "./token-bucket.ts";

const maxBytes = 4 * 1024 * 1024;
const perSecond = 200;

/** Writes decisions down, bounded in size and in how many a second; all of them are counted. */
export class AuditLog {
  readonly #folder: string;
  readonly #bucket = new TokenBucket(perSecond, 2 * perSecond);
  readonly #counts = new Map<string, number>();
  #fd: number;
  #bytes = 0;
  #skipped = 0;

  constructor(folder: string) {
    this.#folder = folder;
    this.#fd = this.#open();
    this.#bytes = fstatSync(this.#fd).size;
  }

  /** Decisions so far, by `verdict kind rule`. */
  get counts(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.#counts);
  }

  write(decision: Omit<EgressDecision, "time" | "skipped">): void {
    const key = `${decision.verdict} ${decision.kind} ${decision.rule}`;
    this.#counts.set(key, (this.#counts.get(key) ?? 0) + 1);
    if (!this.#bucket.take()) {
      this.#skipped += 1;
      return;
    }
    const skipped = this.#skipped === 0 ? {} : { skipped: this.#skipped };
    this.#skipped = 0;
    const line = `${JSON.stringify({ time: new Date().toISOString(), ...decision, ...skipped })}\n`;
    const bytes = Buffer.from(line);
    try {
      if (this.#bytes + bytes.length > maxBytes) this.#rotate();
      this.#bytes += writeSync(this.#fd, bytes);
    } catch {
      // A full disk is no reason to end what enforces.
      this.#skipped += 1;
    }
  }

  #open(): number {
    return openSync(join(this.#folder, logName), "a", 0o600);
  }

  #rotate(): void {
    renameSync(join(this.#folder, logName), join(this.#folder, olderLogName));
    const fd = this.#open();
    closeSync(this.#fd);
    this.#fd = fd;
    this.#bytes = 0;
  }
}
