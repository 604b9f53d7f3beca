/** Finds the keys that detach in what is typed. What may become them is held back until the next key decides. */
export class DetachKeys {
  readonly #keys: readonly number[];
  #held: number[] = [];

  constructor(keys: readonly number[]) {
    this.#keys = keys;
  }

  /** The bytes to pass on, and whether the keys were pressed; what follows them is dropped. */
  push(chunk: Uint8Array): { data: Buffer; detach: boolean } {
    if (this.#keys.length === 0) return { data: Buffer.from(chunk), detach: false };
    const out: number[] = [];
    for (const byte of chunk) {
      this.#held.push(byte);
      while (!this.#begins()) out.push(...this.#held.splice(0, 1));
      if (this.#held.length === this.#keys.length) return { data: Buffer.from(out), detach: true };
    }
    return { data: Buffer.from(out), detach: false };
  }

  /** True while what is held is a beginning of the keys, as nothing is. */
  #begins(): boolean {
    return this.#held.every((byte, index) => byte === this.#keys[index]);
  }
}
