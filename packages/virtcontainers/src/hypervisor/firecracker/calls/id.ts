import { invalidArgument } from "../../../errors.ts";

/** Firecracker's ids have letters, digits and `_` only; ours have `-` and no `_`, so that none becomes another's. */
export function apiId(id: string): string {
  if (/^[a-zA-Z][a-zA-Z0-9-]{0,30}$/.test(id)) return id.replaceAll("-", "_");
  throw invalidArgument("id", id, "it has 1 to 31 letters, digits and dashes, a letter first");
}
