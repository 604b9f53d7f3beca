import { VirtError } from "../errors.ts";

/**
 * INVALID_ARGUMENT if a guest that has so much memory can't part with what lies between that and `wanted`,
 * all in MiB. A guest that is pressed further ends its containers, or hangs.
 */
export function checkSpare(has: number, wanted: number, spare: number | undefined): void {
  if (spare === undefined || has - wanted <= spare) return;
  const smallest = Math.ceil(has - spare);
  throw new VirtError(
    "INVALID_ARGUMENT",
    `memoryMiB: ${wanted} is not allowed; the guest uses so much that it needs ${smallest} or more`,
    {
      field: "memoryMiB",
      hint: `Ask for ${smallest} MiB, or end what uses the guest's memory first. What was added once takes a part of itself for keeping track of it; only a restart gives that back.`,
    },
  );
}
