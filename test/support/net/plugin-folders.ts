import { rmdir } from "node:fs/promises";
import { join } from "node:path";

/** What the CNI plugin dnsname made for all networks goes with the last test; what is left in it stays, to be seen. */
export async function teardown(): Promise<void> {
  for (const left of ["cni/dnsname", "cni", "."])
    await rmdir(join("/run/containers", left)).catch(() => {});
}
