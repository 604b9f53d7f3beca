import { isVirtError } from "../errors.ts";

/** True for an agent's answer that there is no such process or container, or none any more. */
export function isNotFound(error: unknown): boolean {
  if (isVirtError(error, "PROCESS_NOT_FOUND", "INVALID_ARGUMENT")) return true;
  return isVirtError(error, "AGENT_ERROR") && /invalid container id/i.test(error.message);
}
