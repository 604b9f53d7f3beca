import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import {
  deserializeParams,
  isDockerVolume,
  isEphemeralStorage,
  isk8sHostEmptyDir,
  maxQemuVCPUs,
  runningOnVMM,
  serializeParams,
} from "../../src/index.ts";
import { testFolder } from "../support/folder.ts";

test.each([
  ["=", ["a=b", "flag", "value"]],
  ["", ["a", "b", "flag", "value"]],
])("parameters as words with %j between", (delim, words) => {
  const params = [
    { key: "a", value: "b" },
    { key: "flag", value: "" },
    { key: "", value: "value" },
    { key: "", value: "" },
  ];
  expect(serializeParams(params, delim)).toEqual(words);
});

test("words as parameters", () => {
  expect(deserializeParams(["a=b=c", "flag", "", "=x"])).toEqual([
    { key: "a", value: "b=c" },
    { key: "flag", value: "" },
    { key: "", value: "x" },
  ]);
});

test.each([
  ["/var/lib/docker/volumes/00da1347c7cf4f15db35f/_data", true],
  ["/var/lib/docker/volumes/x/_data/", true],
  ["/var/lib/docker/volumes/x/data", false],
  ["/var/lib/docker/volumesx/_data", false],
  ["/var/lib/docker/volumes/../../../home/_data", false],
])("%s is a volume of Docker: %s", (path, is) => expect(isDockerVolume(path)).toBe(is));

test("an empty-dir of Kubernetes that is no tmpfs is a folder of the host", async () => {
  const path = "/var/lib/kubelet/pods/1/volumes/kubernetes.io~empty-dir/cache";
  expect([await isEphemeralStorage(path), await isk8sHostEmptyDir(path)]).toEqual([false, true]);
  const other = "/var/lib/kubelet/pods/1/volumes/kubernetes.io~configmap/cache";
  expect([await isEphemeralStorage(other), await isk8sHostEmptyDir(other)]).toEqual([false, false]);
});

test("a machine is a VM if its CPU says so", async () => {
  const folder = await testFolder();
  const file = join(folder, "cpuinfo");
  await writeFile(file, "processor\t: 0\nflags\t\t: fpu vme hypervisor lahf_lm\n");
  expect(await runningOnVMM(file)).toBe(true);
  await writeFile(file, "processor\t: 0\nmodel name\t: hypervisor\nflags\t\t: fpu nohypervisor\n");
  expect(await runningOnVMM(file)).toBe(false);
  await expect(runningOnVMM(join(folder, "none"))).rejects.toMatchObject({
    code: "HOST_FAILED",
  });
});

test("QEMU runs at most 240 vCPUs", () => expect(maxQemuVCPUs()).toBe(240));
