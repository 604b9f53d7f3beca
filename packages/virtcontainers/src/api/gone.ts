import { isVirtError } from "../errors.ts";

/** Waits for a delete; a sandbox that is gone already is as good as deleted. */
export async function unlessGone(deleting: Promise<unknown>): Promise<void> {
  try {
    await deleting;
  } catch (error) {
    if (!isVirtError(error, "SANDBOX_NOT_FOUND")) throw error;
  }
}
