import { chmod, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { createHost } from "../../src/host/real.ts";
import { checkDaxWindow } from "../../src/hypervisor/qemu/checks/dax.ts";
import { Binaries } from "../../src/hypervisor/qemu/machine/binary.ts";
import { testFolder } from "../support/folder.ts";
import { config } from "./support/spec.ts";

const { signal } = new AbortController();
const host = createHost();
const window = { virtioFSCacheSizeMiB: 1024, sharedFS: "virtio-fs" } as const;

/** Stands for a QEMU whose device has the properties of virtio-fs's DAX patches. */
async function patchedQemu(): Promise<string> {
  const path = join(await testFolder(), "qemu");
  const help = "vhost-user-fs-pci options:\n  cache-size=<size>      -  (default: 0)\n";
  await writeFile(path, `#!/bin/sh\n[ "$2" = vhost-user-fs-pci,help ] && printf '${help}'\n`);
  await chmod(path, 0o755);
  return path;
}

test("a QEMU without a DAX window is not asked for one", async () => {
  await expect(checkDaxWindow(config(window), new Binaries(host), signal)).rejects.toMatchObject({
    code: "NOT_SUPPORTED",
    field: "hypervisorConfig.virtioFSCacheSizeMiB",
    message: expect.stringContaining("1024"),
    hint: expect.stringContaining("hypervisorPath"),
  });
});

test("one that has it may be", async () => {
  const hypervisorPath = await patchedQemu();
  await checkDaxWindow(config({ ...window, hypervisorPath }), new Binaries(host), signal);
});

test("without a window, or without virtio-fs, no binary is asked", async () => {
  const nobody = { ...host, processes: { ...host.processes, which: async () => undefined } };
  for (const other of [{ virtioFSCacheSizeMiB: 0 }, { sharedFS: "none" }] as const) {
    await checkDaxWindow(config({ ...window, ...other }), new Binaries(nobody), signal);
  }
});
