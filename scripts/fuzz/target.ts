import { isVirtError } from "../../packages/virtcontainers/src/errors.ts";
import type { Random } from "./random.ts";

/** Something that reads what comes from outside. */
export interface Target {
  /** One line for the help. */
  readonly reads: string;
  /** Makes what all inputs need. */
  open(): Promise<Fuzzed>;
}

export interface Fuzzed extends AsyncDisposable {
  /** Makes one input and lets it be read; true if it was taken for good. Throws if that does not go as it must. */
  feed(random: Random): Promise<boolean>;
}

/** False for errors that are told with a code; all others are findings. */
export async function typed(read: () => unknown): Promise<boolean> {
  try {
    await read();
    return true;
  } catch (error) {
    if (!isVirtError(error) || error.message === "") throw error;
    return false;
  }
}
