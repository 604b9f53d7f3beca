/** A guest's log, of whatever carrier, as one run of records. */
export interface OpenLog extends AsyncDisposable {
  /** How many bytes of records it can hold at present. */
  size(): Promise<number>;
  /** Some bytes that stand there, counted from the first record, which has 0; none if there are no more. */
  read(offset: number): Promise<Uint8Array>;
}
