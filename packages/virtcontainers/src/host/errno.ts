import { getSystemErrorName } from "node:util";
import { VirtError } from "../errors.ts";

/** True if an error of the operating system has one of these codes, such as ENOENT. */
export function isErrno(error: unknown, ...codes: string[]): boolean {
  return error instanceof Error && "code" in error && codes.includes(String(error.code));
}

/** A failed system call, shaped like the errors of node:fs. */
export function errnoError(errno: number, syscall: string, path?: string): NodeJS.ErrnoException {
  const code = getSystemErrorName(-errno);
  const error: NodeJS.ErrnoException = new Error(
    `${code}: ${syscall}${path === undefined ? "" : ` '${path}'`}`,
  );
  error.errno = -errno;
  error.code = code;
  error.syscall = syscall;
  if (path !== undefined) error.path = path;
  return error;
}

/** An error of the operating system as one of ours: NO_SPACE or HOST_FAILED. */
export function hostError(error: unknown, doing: string): VirtError {
  if (error instanceof VirtError) return error;
  const text = error instanceof Error ? error.message : String(error);
  if (isErrno(error, "ENOSPC", "EDQUOT")) {
    return new VirtError("NO_SPACE", `no space left while ${doing}: ${text}`, {
      cause: error,
      hint: "Free some disk space, for example with `virtc image prune`.",
    });
  }
  if (isErrno(error, "EMFILE", "ENFILE")) {
    return new VirtError("HOST_FAILED", `too many open files while ${doing}: ${text}`, {
      cause: error,
      hint: "Raise the limit of open files (ulimit -n).",
    });
  }
  return new VirtError("HOST_FAILED", `${doing} failed: ${text}`, { cause: error });
}
