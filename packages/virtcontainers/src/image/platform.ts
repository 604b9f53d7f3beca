import { arch } from "node:process";
import { invalidArgument, printable, VirtError } from "../errors.ts";

export interface Platform {
  os: string;
  architecture: string;
  variant?: string;
}

/** Node's names of architectures and those of the OCI image spec (which are Go's). */
const architectures: Readonly<Record<string, Platform>> = {
  x64: { os: "linux", architecture: "amd64" },
  arm64: { os: "linux", architecture: "arm64", variant: "v8" },
  arm: { os: "linux", architecture: "arm", variant: "v7" },
  ia32: { os: "linux", architecture: "386" },
  ppc64: { os: "linux", architecture: "ppc64le" },
  riscv64: { os: "linux", architecture: "riscv64" },
  s390x: { os: "linux", architecture: "s390x" },
};

/** Reads `os/architecture[/variant]`; without, the host's. INVALID_ARGUMENT. */
export function parsePlatform(text: string | undefined): Platform {
  if (text === undefined) return architectures[arch] ?? { os: "linux", architecture: arch };
  const match = /^([a-z0-9]+)\/([a-z0-9_]+)(?:\/([a-z0-9.]+))?$/.exec(text);
  const [, os, architecture, variant] = match ?? [];
  if (os === undefined || architecture === undefined) {
    throw invalidArgument(
      "platform",
      text,
      "it is os/architecture[/variant], as in linux/arm64/v8",
    );
  }
  return { os, architecture, ...(variant && { variant }) };
}

export function showPlatform(platform: Platform): string {
  const { os, architecture, variant } = platform;
  return [os, architecture, ...(variant ? [variant] : [])].join("/");
}

/**
 * How well an image's platform fits: 0 not at all, higher is better. An image without a variant fits
 * any; arm64 means v8; an arm of a lower version runs on a higher one.
 */
export function fit(wanted: Platform, offered: Platform): number {
  if (wanted.os !== offered.os || wanted.architecture !== offered.architecture) return 0;
  const level = (platform: Platform): string | undefined =>
    platform.variant ?? (platform.architecture === "arm64" ? "v8" : undefined);
  const [want, offer] = [level(wanted), level(offered)];
  if (want === offer) return 3;
  if (offer === undefined || want === undefined) return 2;
  return wanted.architecture === "arm" && offer < want ? 1 : 0;
}

/** A NOT_SUPPORTED that lists the platforms that are there. */
export function wrongPlatform(
  what: string,
  wanted: Platform,
  offered: readonly string[],
): VirtError {
  const list = offered.length > 0 ? printable([...new Set(offered)].join(", ")) : "nothing";
  return new VirtError(
    "NOT_SUPPORTED",
    `${what} is not there for ${showPlatform(wanted)}; there is ${list}`,
    { field: "platform", hint: "Choose another image or tag, or name a platform that is there." },
  );
}
