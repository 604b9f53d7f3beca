// Runs a sandbox over and over with ever fewer free file descriptors; its parent sets the limit when it is asked to.
import { once } from "node:events";
import { readdirSync } from "node:fs";
import { VirtError } from "../../../src/index.ts";
import { createTestInstance } from "../../../src/testing/index.ts";
import { leftovers } from "../../support/leftovers.ts";

const [folder = ""] = process.argv.slice(2);
const instance = await createTestInstance({ folder });
const enough = 1024;

async function limit(files: number): Promise<void> {
  process.send?.(files);
  await once(process, "message");
}

async function cycle(): Promise<string> {
  try {
    const containers = [{ id: "main", image: "busybox", waits: true, scratchMiB: 16 }];
    const sandbox = await instance.vc.runSandbox({ id: "few", containers });
    await sandbox.exec(["true"], { check: true });
    await sandbox.delete({ force: true });
    return "done";
  } catch (error) {
    return error instanceof VirtError ? error.code : `untyped: ${error}`;
  }
}

// So that all modules are loaded, and no socket of the first use is counted.
await cycle();
const codes: string[] = [];
for (let free = 16; free >= 0; free--) {
  await limit(readdirSync("/proc/self/fd").length - 1 + free);
  codes.push(await cycle());
  await limit(enough);
  await instance.vc.collectGarbage();
  await instance.vc.deleteSandbox("few", { force: true }).catch(() => {});
  const left = await leftovers(folder);
  if (left.length > 0) codes.push(`left with ${free} free: ${left.join()}`);
}
process.send?.(codes);
process.disconnect();
