import type { Ledger, LedgerRecord } from "../../../src/store/ledger.ts";

/** A ledger in memory that keeps every record it was given, in order. */
export class MemoryLedger implements Ledger {
  readonly written: LedgerRecord[] = [];

  async take<T>(
    record: LedgerRecord,
    acquire: (update: (record: LedgerRecord) => Promise<void>) => Promise<T>,
  ): Promise<T> {
    this.written.push(record);
    return await acquire(async (more) => void this.written.push(more));
  }

  async release(): Promise<void> {}
  strike(): void {}
  async releaseAll(): Promise<void> {}

  entries() {
    return this.written.map((record, seq) => ({ seq, record }));
  }
}
