import { expect } from "vitest";
import { type ErrorCode, VirtError } from "../../../src/errors.ts";

/** The typed error that a promise must end with. */
export async function failure(promise: Promise<unknown>, code: ErrorCode): Promise<VirtError> {
  const outcome = await promise.then(
    (value) => ({ value }),
    (error: unknown) => ({ error }),
  );
  if (!("error" in outcome)) throw new Error(`expected ${code}, but it went well`);
  const { error } = outcome;
  if (!(error instanceof VirtError)) throw error;
  expect(`${error.code}: ${error.message}`).toMatch(new RegExp(`^${code}: `));
  return error;
}
