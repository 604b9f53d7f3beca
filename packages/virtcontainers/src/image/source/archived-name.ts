import { VirtError } from "../../errors.ts";
import { parseReference, type Reference } from "../reference.ts";

/** True if a name in an archive is the wanted one, both in whatever of their forms. */
export function isNamed(archived: string, wanted: string): boolean {
  const [a, b] = [tryParse(archived), tryParse(wanted)];
  return archived === wanted || (a !== undefined && a.name === b?.name);
}

function tryParse(text: string): Reference | undefined {
  try {
    return parseReference(text);
  } catch (error) {
    if (error instanceof VirtError) return undefined;
    throw error;
  }
}
