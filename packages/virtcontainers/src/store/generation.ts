import * as v from "valibot";
import { VirtError } from "../errors.ts";
import { readIfThere } from "./files.ts";
import type { StoredSandbox } from "./schema.ts";

const Written = v.object({
  token: v.string(),
  generation: v.optional(v.number(), 0),
});

/** Throws BUSY unless what is on disk is what was read: the same sandbox, and not written since. */
export async function assertUnchanged(path: string, read: StoredSandbox): Promise<void> {
  const text = await readIfThere(path);
  if (text === undefined ? read.generation === 0 : isSame(text, read)) return;
  throw new VirtError("BUSY", `the state of sandbox ${read.id} was changed meanwhile`, {
    sandboxId: read.id,
    hint: "Look at the sandbox, and run the operation again if it is still wanted.",
  });
}

function isSame(text: string, read: StoredSandbox): boolean {
  try {
    const { token, generation } = v.parse(Written, JSON.parse(text));
    return token === read.token && generation === read.generation;
  } catch {
    return false;
  }
}
