import { TtrpcError } from "../../src/index.ts";

/** The TtrpcError that a promise rejects with; anything else fails the test. */
export async function refusal(promise: Promise<unknown>): Promise<TtrpcError> {
  try {
    await promise;
  } catch (error) {
    if (error instanceof TtrpcError) return error;
    throw error;
  }
  throw new Error("it was not refused");
}

/** The TtrpcError that a call throws at once; anything else fails the test. */
export function thrown(call: () => void): TtrpcError {
  try {
    call();
  } catch (error) {
    if (error instanceof TtrpcError) return error;
    throw error;
  }
  throw new Error("it was not refused");
}
