/** Holds the processes of a paused container back: whoever passes waits until it is resumed. */
export class Freezer {
  #open: Promise<void> = Promise.resolve();
  #thaw: (() => void) | undefined;
  #frozenAt = 0n;
  #frozenNs = 0n;

  get isFrozen(): boolean {
    return this.#thaw !== undefined;
  }

  /** What a clock shows that stands still while this is frozen. */
  get nowNs(): bigint {
    return (this.isFrozen ? this.#frozenAt : process.hrtime.bigint()) - this.#frozenNs;
  }

  freeze(): void {
    if (this.isFrozen) return;
    this.#frozenAt = process.hrtime.bigint();
    this.#open = new Promise((resolve) => {
      this.#thaw = resolve;
    });
  }

  thaw(): void {
    if (this.isFrozen) this.#frozenNs += process.hrtime.bigint() - this.#frozenAt;
    this.#thaw?.();
    this.#thaw = undefined;
  }

  /** Settles when nothing is frozen. */
  async pass(): Promise<void> {
    while (this.isFrozen) await this.#open;
  }
}
