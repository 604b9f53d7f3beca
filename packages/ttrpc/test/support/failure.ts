import { expect } from "vitest";
import { TtrpcError } from "../../src/index.ts";

/** The TtrpcError that the call fails with. */
export async function failureOf(call: Promise<unknown>): Promise<TtrpcError> {
  try {
    await call;
  } catch (error) {
    expect(error).toBeInstanceOf(TtrpcError);
    return error as TtrpcError;
  }
  return expect.unreachable("the call succeeded");
}
