import { VirtError } from "../errors.ts";
import type { Lock } from "../host/host.ts";

/**
 * The lock of a sandbox, and the right to change it: whatever changes the sandbox goes through `change`. Once
 * the lock is given up a change is refused, and one under way keeps the lock until it is done.
 */
export class Hold implements Lock {
  readonly #id: string;
  readonly #lock: Lock;
  #changes = 0;
  #given = false;

  constructor(id: string, lock: Lock) {
    this.#id = id;
    this.#lock = lock;
  }

  /** BUSY if the sandbox is no longer held. */
  async change<T>(work: () => Promise<T> | T): Promise<T> {
    this.assert();
    this.#changes++;
    try {
      return await work();
    } finally {
      this.#changes--;
      this.#releaseIfIdle();
    }
  }

  /** Throws BUSY if the sandbox is no longer held. */
  assert(): void {
    if (!this.#given) return;
    throw new VirtError("BUSY", `sandbox ${this.#id} is no longer held by this operation`, {
      sandboxId: this.#id,
      hint: "Its deadline is long over, so others may be at work on the sandbox; run it again.",
    });
  }

  release(): void {
    this.#given = true;
    this.#releaseIfIdle();
  }

  [Symbol.dispose](): void {
    this.release();
  }

  #releaseIfIdle(): void {
    if (this.#given && this.#changes === 0) this.#lock.release();
  }
}
