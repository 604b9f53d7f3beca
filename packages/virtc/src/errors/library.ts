import type { ErrorCode, VirtError } from "virtcontainers";

/** Tells the library's errors apart without loading the library. */
export function isLibraryError(error: unknown, ...codes: ErrorCode[]): error is VirtError {
  return (
    error instanceof Error &&
    error.name === "VirtError" &&
    "code" in error &&
    (codes.length === 0 || codes.some((code) => code === error.code))
  );
}
