/** Linux takes memory in pieces of this size. */
const blockMiB = 128;
/** It keeps track of each page in a 64th of the page's size, which comes out of what it has already. */
const trackedPerMiB = 64;

/**
 * How many MiB a guest can be given at once that has so much, of which it can do without `spareMiB`: what it
 * needs to keep track of them is no more than half of that. A guest that runs out of memory there panics.
 */
export function growthStep(hasMiB: number, spareMiB: number | undefined): number {
  const spare = spareMiB ?? hasMiB / 2;
  const blocks = Math.floor((spare / 2) * (trackedPerMiB / blockMiB));
  // One block is borne by what is never counted as spare.
  return Math.max(1, blocks) * blockMiB;
}
