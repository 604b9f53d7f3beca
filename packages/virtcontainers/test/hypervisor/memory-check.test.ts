import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { checkMemory } from "../../src/hypervisor/qemu/checks/memory.ts";
import { testFolder } from "../support/folder.ts";
import { config } from "./support/spec.ts";

async function host(freePages: number, lockable: string) {
  const folder = await testFolder();
  const files = { meminfo: join(folder, "meminfo"), limits: join(folder, "limits") };
  await writeFile(files.meminfo, `HugePages_Free:    ${freePages}\nHugepagesize:       2048 kB\n`);
  await writeFile(
    files.limits,
    `Max locked memory         ${lockable}     ${lockable}     bytes\n`,
  );
  return files;
}

test("huge pages must be there for all of the guest's memory", async () => {
  const own = config({ hugePages: true, memoryMiB: 256 });
  await checkMemory(own, await host(128, "0"));
  await expect(checkMemory(own, await host(127, "0"))).rejects.toMatchObject({
    code: "HOST_REQUIREMENT",
    field: "hypervisorConfig.hugePages",
    message: expect.stringContaining("254 MiB are free"),
  });
});

test("what is to be locked must be under the limit of locked memory", async () => {
  const own = config({ mlock: true, memoryMiB: 256 });
  await checkMemory(own, await host(0, "unlimited"));
  await expect(checkMemory(own, await host(0, "67108864"))).rejects.toMatchObject({
    code: "HOST_REQUIREMENT",
    field: "hypervisorConfig.mlock",
    hint: expect.stringContaining("ulimit -l"),
  });
});
