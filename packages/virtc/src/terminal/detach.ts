const ctrlP = 0x10;
const ctrlQ = 0x11;

/** Finds Ctrl-P Ctrl-Q in what is typed. A Ctrl-P is held back until the next key decides. */
export class DetachKeys {
  #held = false;

  /** The bytes to pass on, and whether the keys were pressed; what follows them is dropped. */
  push(chunk: Uint8Array): { data: Buffer; detach: boolean } {
    const out: number[] = [];
    for (const byte of chunk) {
      if (this.#held && byte === ctrlQ) return { data: Buffer.from(out), detach: true };
      if (this.#held) out.push(ctrlP);
      this.#held = byte === ctrlP;
      if (!this.#held) out.push(byte);
    }
    return { data: Buffer.from(out), detach: false };
  }
}
