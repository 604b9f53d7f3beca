import type { LedgerRecord } from "./record/record.ts";

export type { LedgerRecord };

export interface LedgerEntry {
  seq: number;
  record: LedgerRecord;
}

export interface Ledger {
  /**
   * Writes the record, then runs `acquire`; if that fails, what it left is released and the record struck
   * out. `acquire` may return more knowledge of the record (a pid), which is written too.
   */
  take<T>(
    record: LedgerRecord,
    acquire: (update: (record: LedgerRecord) => Promise<void>) => Promise<T>,
  ): Promise<T>;
  /** Releases one record that `match` finds, and strikes it out. */
  release(match: (record: LedgerRecord) => boolean): Promise<void>;
  /** Strikes records out whose things are nobody's to release any more. */
  strike(match: (record: LedgerRecord) => boolean): void;
  /** Releases everything but what is to be kept, newest first; goes on past failures and throws them together at the end. */
  releaseAll(keep?: (record: LedgerRecord) => boolean): Promise<void>;
  entries(): readonly LedgerEntry[];
}
