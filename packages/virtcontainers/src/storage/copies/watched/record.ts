import * as v from "valibot";
import { VirtError } from "../../../errors.ts";
import { readIfThere, writeAtomic } from "../../../store/files.ts";

/** What the guest was last given, by path; each a print of a snapshot. */
export type Given = Readonly<Record<string, string>>;

/** For each mount, by its path in the guest. */
const Records = v.record(v.string(), v.record(v.string(), v.string()));

export async function readGiven(path: string): Promise<Record<string, Given>> {
  const text = await readIfThere(path);
  if (text === undefined) return {};
  try {
    return v.parse(Records, JSON.parse(text));
  } catch (cause) {
    throw new VirtError("STATE_INVALID", `${path} is damaged`, {
      cause,
      hint: "Remove it; what is watched is then copied anew.",
    });
  }
}

export async function writeGiven(path: string, records: Record<string, Given>): Promise<void> {
  await writeAtomic(path, JSON.stringify(records));
}
