import { isVirtError, VirtError } from "../errors.ts";

/** An image, archive or layer that is damaged, unsafe or of an unknown kind. */
export function invalidImage(message: string, hint?: string, cause?: unknown): VirtError {
  return new VirtError("IMAGE_INVALID", message, { hint, cause });
}

/** The `code` of a system or zlib error, such as `ENOENT`. */
export function errorCode(error: unknown): string | undefined {
  if (!(error instanceof Error) || !("code" in error)) return undefined;
  return typeof error.code === "string" ? error.code : undefined;
}

const outOfSpace = new Set(["ENOSPC", "EDQUOT", "EFBIG"]);

/** Turns a failed system call on the store into a typed error; typed errors pass unchanged. */
export function hostFailure(error: unknown, doing: string): VirtError {
  if (isVirtError(error)) return error;
  const code = errorCode(error);
  const reason = error instanceof Error ? error.message : String(error);
  if (code !== undefined && outOfSpace.has(code)) {
    return new VirtError("NO_SPACE", `no space left while ${doing}: ${reason}`, {
      cause: error,
      hint: "Free some disk space (`virtc image prune --all` removes unused images), then try again.",
    });
  }
  return new VirtError("HOST_FAILED", `failed ${doing}: ${reason}`, { cause: error });
}

/** Runs `work`, with failures of the host as typed errors; the reason of an ended signal wins. */
export async function guarded<T>(
  doing: string,
  signal: AbortSignal,
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (signal.aborted && isVirtError(signal.reason)) throw signal.reason;
    throw hostFailure(error, doing);
  }
}
