/**
 * What a sandbox holds of the host. A record is on disk before the thing is taken, knows how to release
 * it, and releasing twice or releasing what was never taken is no error.
 */
export type LedgerRecord =
  /** Found by its marker, a random argument, if its pid never reached the disk. */
  | {
      kind: "process";
      name: string;
      marker: string;
      pid?: number | undefined;
      startTime?: string | undefined;
      /** It leads a process group, which ends with it. */
      group?: boolean | undefined;
      /** Its marker is the value of this variable of its environment, since its arguments are not ours to add to. */
      variable?: string | undefined;
    }
  | { kind: "mount"; target: string }
  | { kind: "folder"; path: string }
  | { kind: "file"; path: string }
  /** A file that was given to `user`, and is given back to whom it belonged. */
  | { kind: "owner"; path: string; uid: number; gid: number; user: number }
  /** By its path in the host's trees of cgroups. */
  | { kind: "cgroup"; path: string };

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
  /** Releases everything, newest first; goes on past failures and throws them together at the end. */
  releaseAll(): Promise<void>;
  entries(): readonly LedgerEntry[];
}
