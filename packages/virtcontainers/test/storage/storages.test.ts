import { expect, test } from "vitest";
import { sandboxStorages, sharedTag } from "../../src/storage/guest/storages.ts";

test("the guest maps the shared file system where there is a window for it", () => {
  const mounted = (virtioFSCacheSizeMiB?: number) =>
    sandboxStorages({ shared: true, config: { hypervisorConfig: { virtioFSCacheSizeMiB } } });
  const plain = { driver: "virtio-fs", source: sharedTag, options: ["nodev"] };
  expect(mounted()).toMatchObject([plain]);
  expect(mounted(0)).toMatchObject([plain]);
  expect(mounted(64)).toMatchObject([{ ...plain, options: ["nodev", "dax"] }]);
});
