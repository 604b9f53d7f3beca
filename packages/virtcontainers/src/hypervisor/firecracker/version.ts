import { printable, VirtError } from "../../errors.ts";

/** Major, minor and patch of a release. */
export type Version = readonly [number, number, number];

/** The oldest release whose API and flags are known here. */
const floor: Version = [1, 12, 0];

/** How Firecracker is run, as far as it decides which releases will do. */
export interface Use {
  /** With `--enable-pci`. */
  readonly pci: boolean;
  /** By the jailer of the same release. */
  readonly jailed: boolean;
}

interface Flaw {
  readonly name: string;
  readonly what: string;
  readonly hits: (use: Use) => boolean;
  /** From the first to the last release that has it. */
  readonly releases: readonly (readonly [from: Version, to: Version])[];
  readonly mended: string;
}

/** Releases that are refused, each for what is known of it. */
const flaws: readonly Flaw[] = [
  {
    name: "CVE-2026-5747",
    what: "a guest can write outside of its memory over virtio-pci",
    hits: ({ pci }) => pci,
    releases: [
      [
        [1, 13, 0],
        [1, 14, 3],
      ],
      [
        [1, 15, 0],
        [1, 15, 0],
      ],
    ],
    mended: "1.14.4 or 1.15.1",
  },
  {
    name: "CVE-2026-1386",
    what: "the jailer follows symbolic links in its folder as root",
    hits: ({ jailed }) => jailed,
    releases: [
      [
        [0, 0, 0],
        [1, 13, 1],
      ],
      [
        [1, 14, 0],
        [1, 14, 0],
      ],
    ],
    mended: "1.13.2 or 1.14.1",
  },
];

/** What `--version` of Firecracker or its jailer printed: the first line counts. HYPERVISOR_FAILED if it is none. */
export function readVersion(path: string, output: string): Version {
  const [line = ""] = output.split("\n", 1);
  const found = /^(?:Firecracker|Jailer) v(\d{1,4})\.(\d{1,4})\.(\d{1,4})(?:-[\w.-]+)?\s*$/.exec(
    line,
  );
  if (found !== null) return [Number(found[1]), Number(found[2]), Number(found[3])];
  const told = JSON.stringify(printable(line.slice(0, 80)));
  throw new VirtError("HYPERVISOR_FAILED", `${path} --version told no version: ${told}`, {
    field: "hypervisorConfig.hypervisorPath",
    hint: "It must be the program of Firecracker.",
  });
}

/** NOT_SUPPORTED for a release that is too old or known to be bad in such a use. */
export function assertUsable(path: string, version: Version, use: Use): void {
  const name = `${path} is Firecracker ${version.join(".")}`;
  if (compare(version, floor) < 0) {
    const why = `${name}; it must be ${floor.join(".")} or newer`;
    throw refusal(why, "Install a newer release.");
  }
  for (const { name: flaw, what, hits, releases, mended } of flaws) {
    if (!hits(use) || !releases.some((range) => isWithin(version, range))) continue;
    throw refusal(`${name}, which has ${flaw}: ${what}`, `Install ${mended} or newer.`);
  }
}

/** Negative if the first is older, 0 if they are the same. */
export function compare(one: Version, other: Version): number {
  return one[0] - other[0] || one[1] - other[1] || one[2] - other[2];
}

function isWithin(version: Version, [from, to]: readonly [Version, Version]): boolean {
  return compare(version, from) >= 0 && compare(version, to) <= 0;
}

function refusal(message: string, hint: string): VirtError {
  return new VirtError("NOT_SUPPORTED", message, {
    field: "hypervisorConfig.hypervisorPath",
    hint,
  });
}
