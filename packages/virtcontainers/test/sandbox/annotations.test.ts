import { describe, expect, test } from "vitest";
import type { SandboxConfig } from "../../src/config/sandbox.ts";
import { applyAnnotations } from "../../src/sandbox/annotations/apply.ts";
import { configPrefix } from "../../src/sandbox/annotations/table.ts";
import { createTestInstance } from "../../src/testing/index.ts";
import { refusal, thrown } from "../support/refusal.ts";
import { waiting } from "../support/sandbox.ts";

type Config = NonNullable<SandboxConfig["hypervisorConfig"]>;

/** What a sandbox with annotations (by their names after the prefix) gets. */
function apply(annotations: Record<string, string>, hypervisorConfig: Config): SandboxConfig {
  const named = Object.entries(annotations).map(([name, text]) => [configPrefix + name, text]);
  return applyAnnotations({ hypervisorConfig, annotations: Object.fromEntries(named) });
}

test("annotations that are enabled take the place of the configuration's fields", () => {
  const config = apply(
    {
      "hypervisor.default_memory": "512",
      "hypervisor.enable_iommu": "true",
      "hypervisor.kernel_params": "quiet a=b=c",
      "hypervisor.virtio_fs_extra_args": '["-o", "x"]',
      "agent.kernel_modules": "loop max_loop=8; tun",
      "runtime.disable_guest_seccomp": "1",
    },
    { memoryMiB: 128, numVCPUs: 1, enableAnnotations: [".*"], kernelParams: [param("debug")] },
  );
  expect(config).toMatchObject({
    hypervisorConfig: {
      ...{ memoryMiB: 512, numVCPUs: 1, iommu: true, virtioFSExtraArgs: ["-o", "x"] },
      kernelParams: [param("debug"), param("quiet"), param("a", "b=c")],
    },
    agentConfig: { kernelModules: ["loop max_loop=8", "tun"] },
    disableGuestSeccomp: true,
  });
});

function param(key: string, value = "") {
  return { key, value };
}

test("what has another prefix is stored and changes nothing", () => {
  const config = { annotations: { "io.katacontainers.pkg.oci.container_type": "x", a: "b" } };
  expect(applyAnnotations(config)).toBe(config);
});

describe("is refused by name, and never ignored:", () => {
  const memory = { "hypervisor.default_memory": "512" };
  test.each<[string, Record<string, string>, Config, RegExp]>([
    ["one that is not enabled", memory, {}, /is not enabled/],
    ["one of which a part is", memory, { enableAnnotations: ["default", "memory"] }, /not enabled/],
    ["one that is not known", { "hypervisor.x": "" }, { enableAnnotations: [".*"] }, /known/],
    [
      "a false number",
      { "hypervisor.default_memory": "1e3" },
      { enableAnnotations: [".*"] },
      /MiB/,
    ],
    ["a number out of range", { "hypervisor.default_memory": "1" }, all(), /from 64 to/],
    ["neither true nor false", { "hypervisor.enable_hugepages": "yes" }, all(), /true or false/],
    ["a path without a list", { "hypervisor.path": "/usr/bin/qemu" }, all(), /hypervisorPathList/],
    [
      "a path beside its list",
      { "hypervisor.path": "/usr/bin/x/qemu" },
      { ...all(), hypervisorPathList: ["/usr/bin/*", "/opt/qemu-?"] },
      /matches nothing/,
    ],
    [
      "a path that leads out of its list",
      { "hypervisor.file_mem_backend": "/dev/shm/.." },
      { ...all(), fileBackedMemRootList: ["/dev/shm/*"] },
      /must not contain/,
    ],
  ])("%s", (_what, annotations, config, message) => {
    const [name] = Object.keys(annotations);
    expect(thrown(() => apply(annotations, config))).toMatchObject({
      code: "INVALID_ARGUMENT",
      field: configPrefix + name,
      message: expect.stringMatching(message),
    });
  });

  test("one of a field that is", () => {
    expect(
      thrown(() => apply({ "hypervisor.hotplug_vfio_on_root_bus": "true" }, all())),
    ).toMatchObject({
      code: "NOT_SUPPORTED",
      field: `${configPrefix}hypervisor.hotplug_vfio_on_root_bus`,
    });
  });
});

function all(): Config {
  return { enableAnnotations: [".*"] };
}

test.each([
  ["/usr/lib/qemu/virtiofsd", ["/nowhere", "/usr/lib/*/virtiofsd"]],
  ["/opt/v1.2/virtiofsd", ["/opt/v[0-9].?/virtiofsd"]],
  ["/opt/a+b/(c)", ["/opt/a+b/(c)"]],
])("the path %s is taken where the list has %j", (path, virtioFSDaemonList) => {
  const config = apply({ "hypervisor.virtio_fs_daemon": path }, { ...all(), virtioFSDaemonList });
  expect(config.hypervisorConfig?.virtioFSDaemon).toBe(path);
});

test("a pattern that is none is refused", async () => {
  await using instance = await createTestInstance();
  const hypervisorConfig = { enableAnnotations: ["a)|(b"] };
  expect(await refusal(instance.vc.createSandbox({ hypervisorConfig }))).toMatchObject({
    field: "hypervisorConfig.enableAnnotations.0",
  });
});

test("a sandbox is made as its annotations say, and takes none of them later", async () => {
  await using instance = await createTestInstance();
  const name = `${configPrefix}hypervisor.default_memory`;
  const sandbox = await instance.vc.runSandbox({
    containers: [waiting],
    hypervisorConfig: { enableAnnotations: ["default_.*"] },
    annotations: { [name]: "320" },
  });
  expect((await sandbox.status()).hypervisorConfig.memoryMiB).toBe(320);
  expect(await refusal(sandbox.setAnnotations({ [name]: "640" }))).toMatchObject({ field: name });
});
