import { expect } from "vitest";
import { type ErrorCode, VirtError } from "../../src/errors.ts";

/** The VirtError that a promise rejects with, of this code where one is given; anything else fails the test. */
export async function refusal(promise: PromiseLike<unknown>, code?: ErrorCode): Promise<VirtError> {
  try {
    await promise;
  } catch (error) {
    if (!(error instanceof VirtError)) throw error;
    if (code !== undefined)
      expect(`${error.code}: ${error.message}`).toMatch(new RegExp(`^${code}: `));
    return error;
  }
  throw new Error("it was not refused");
}

/** The VirtError that a call throws at once; anything else fails the test. */
export function thrown(call: () => unknown): VirtError {
  try {
    call();
  } catch (error) {
    if (error instanceof VirtError) return error;
    throw error;
  }
  throw new Error("it was not refused");
}
