import { homedir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** The root of the repository. */
export const repository = fileURLToPath(new URL("../..", import.meta.url)).replace(/\/$/, "");

/** Where the built guest files go: the package for this platform. */
export const guestDist = join(repository, "packages/guest-linux-x64/dist");

/** Results that are slow to make, kept for all clones of this user. */
export const buildCache = join(
  process.env.XDG_CACHE_HOME || join(homedir(), ".cache"),
  "virtcontainers/build",
);

/** A program that npm installed. */
export function bin(name: string): string {
  return join(repository, "node_modules/.bin", name);
}
