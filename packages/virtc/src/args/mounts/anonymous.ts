import { randomBytes } from "node:crypto";

/** What a volume has that nobody has named: it goes with its container, if that is removed so. */
export const anonymousLabel = "io.virtcontainers.virtc.anonymous";

/** The name of a volume that nobody has named, in docker's form. */
export function anonymousName(): string {
  return randomBytes(32).toString("hex");
}

export function isAnonymous(name: string): boolean {
  return /^[0-9a-f]{64}$/.test(name);
}
