import { expect, test } from "vitest";
import { resolveHypervisorConfig } from "../../src/operation/hypervisor-config.ts";

const assets = {
  flavour: "debian",
  kernelPath: "/guest/vmlinux",
  initrdPath: "/guest/initramfs",
  kernelVersion: "6.1",
  kernelArgs: ["ours"],
  imagePath: "/guest/root.img",
  imageOffset: 2_097_152,
  imageFsType: "erofs",
  busyboxPath: undefined,
  versions: {},
} as const;
const sandbox = { agentConfig: {}, shared: false, logLimitMiB: undefined };
const image = { imagePath: "/guest/root.img", imageOffset: 2_097_152, imageFsType: "erofs" };

test.each([
  ["nothing", {}, { ...image, kernelPath: "/guest/vmlinux", initrdPath: "/guest/initramfs" }],
  ["a kernel", { kernelPath: "/k" }, { ...image, kernelPath: "/k", initrdPath: undefined }],
  [
    "a kernel with the initrd that loads its modules",
    { kernelPath: "/k", initrdPath: "/i" },
    { ...image, kernelPath: "/k", initrdPath: "/i" },
  ],
  ["an initrd", { initrdPath: "/i" }, { ...image, kernelPath: "/guest/vmlinux", initrdPath: "/i" }],
  [
    "an image",
    { imagePath: "/root.ext4" },
    { imagePath: "/root.ext4", imageOffset: 0, imageFsType: "erofs", initrdPath: undefined },
  ],
])("of a caller who gives %s, the rest is the guest's files'", (_, config, expected) => {
  expect(resolveHypervisorConfig(config, assets, sandbox)).toMatchObject(expected);
});
