import { existsSync } from "node:fs";
import { rmdir } from "node:fs/promises";
import { join } from "node:path";

const made = ["cni/dnsname", "cni", "."].map((each) => join("/run/containers", each));
const absent = made.filter((path) => !existsSync(path));

/**
 * What the CNI plugin dnsname made for all networks goes with the last test, unless it was there before the first;
 * what is left in it stays, to be seen.
 */
export async function teardown(): Promise<void> {
  for (const path of absent) await rmdir(path).catch(() => {});
}
