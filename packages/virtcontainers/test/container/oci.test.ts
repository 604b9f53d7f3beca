import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { ContainerConfig } from "../../src/index.ts";
import { createTestInstance, type TestInstance } from "../../src/testing/index.ts";
import { refusal } from "../support/refusal.ts";
import { runcSpec } from "./support/runc-spec.ts";

const warnings: object[] = [];
let instance: TestInstance;
let bundles = 0;

beforeAll(async () => {
  const nothing = (): void => {};
  const warn = (fields: object): void => void warnings.push(fields);
  const logger = { debug: nothing, info: nothing, warn, error: nothing };
  instance = await createTestInstance({ logger });
});
afterAll(async () => {
  await instance[Symbol.asyncDispose]();
});

/** A bundle with this config.json, beside a folder `rootfs`. */
function bundle(spec: unknown): string {
  const folder = join(instance.folder, `bundle-${++bundles}`);
  mkdirSync(join(folder, "rootfs"), { recursive: true });
  writeFileSync(
    join(folder, "config.json"),
    typeof spec === "string" ? spec : JSON.stringify(spec),
  );
  return folder;
}

/** The specification with one field, named by a path, set to a value. */
function changed(path: string, value: unknown): unknown {
  const spec: Record<string, unknown> = { ...runcSpec() };
  const names = path.split(".");
  let at = spec;
  for (const name of names.slice(0, -1)) at = at[name] as Record<string, unknown>;
  at[names.at(-1) ?? ""] = value;
  return spec;
}

async function refused(container: Partial<ContainerConfig>): Promise<Error> {
  return await refusal(
    instance.vc.createSandbox({ containers: [{ id: "c1", ...container }] } as never),
  );
}

/** What a container made from this specification, with an image as its root, says of itself. */
async function made(container: Partial<ContainerConfig>) {
  const config = { id: "c1", image: "busybox", ...container };
  await using sandbox = await instance.vc.createSandbox({ containers: [config] });
  try {
    const { spec } = await sandbox.statusContainer("c1");
    return { spec, status: await sandbox.status() };
  } finally {
    await sandbox.delete({ force: true });
  }
}

test("a specification as runc writes it reaches the guest as it is", async () => {
  warnings.length = 0;
  const given = runcSpec();
  const { spec } = await made({ customSpec: given });
  const capabilities = { ...given.process.capabilities, inheritable: [], ambient: [] };
  expect(spec).toMatchObject({
    process: { ...given.process, capabilities, oomScoreAdj: 0 },
    root: { readonly: true },
    hostname: "runc",
    mounts: given.mounts,
    linux: {
      maskedPaths: given.linux.maskedPaths,
      readonlyPaths: given.linux.readonlyPaths,
      resources: { devices: [{ allow: false, access: "rwm" }] },
    },
  });
  expect(spec.linux?.seccomp).toBeUndefined();
  expect(warnings).toEqual([
    { containerId: "c1", fields: ["root.path: image or rootFs stands in its place"] },
  ]);
});

test("what stands beside it holds against it", async () => {
  const { spec } = await made({
    customSpec: runcSpec(),
    readonlyRootfs: false,
    annotations: { a: "mine" },
    sysctl: { "kernel.domainname": "mine" },
    resources: { pids: { limit: 7 } },
    cmd: {
      args: ["true"],
      envs: [{ var: "TERM", value: "vt100" }],
      workDir: "/tmp",
      rlimits: [{ type: "RLIMIT_CORE", soft: 0, hard: 0 }],
      oomScoreAdj: 5,
    },
  });
  expect(spec).toMatchObject({
    process: {
      args: ["true"],
      env: ["PATH=/usr/sbin:/usr/bin:/sbin:/bin", "TERM=vt100"],
      cwd: "/tmp",
      rlimits: [{ type: "RLIMIT_CORE", soft: 0, hard: 0 }],
      oomScoreAdj: 5,
    },
    root: { readonly: false },
    annotations: { a: "mine" },
    linux: { sysctl: { "kernel.domainname": "mine" }, resources: { pids: { limit: 7 } } },
  });
});

test("what has no effect, and what is not known, is told and not refused", async () => {
  warnings.length = 0;
  await made({
    customSpec: {
      ...runcSpec(),
      root: undefined,
      vendor: { x: 1 },
      process: {
        ...runcSpec().process,
        apparmorProfile: "docker-default",
        capabilities: { bounding: ["CAP_KILL", "CAP_OF_TOMORROW"] },
        nice: 3,
      },
      linux: { ...runcSpec().linux, cgroupsPath: "system.slice:docker:1", namespaces: [] },
    } as never,
  });
  expect(warnings).toEqual([
    {
      containerId: "c1",
      fields: [
        "process.nice",
        "vendor",
        "process.apparmorProfile: the guest has no AppArmor",
        "linux.cgroupsPath: the guest chooses its own",
        ...["pid", "ipc", "uts", "mount", "cgroup", "network"].map(
          (type) => `linux.namespaces: without ${type}, yet the host's can't be shared`,
        ),
        "process.capabilities: CAP_OF_TOMORROW is not known",
      ],
    },
  ]);
});

describe("what a VM can't do is refused by name", () => {
  test.each<[string, unknown]>([
    ["linux.namespaces", [{ type: "network", path: "/proc/1/ns/net" }]],
    ["linux.namespaces", [{ type: "user" }]],
    ["linux.uidMappings", [{ containerID: 0, hostID: 1000, size: 1 }]],
    ["linux.timeOffsets", { monotonic: { secs: 1 } }],
    ["linux.devices", [{ path: "/dev/fuse", type: "c", major: 10, minor: 229 }]],
    ["linux.intelRdt", { closID: "x" }],
    ["linux.personality", { domain: "LINUX32" }],
    ["linux.seccomp", { defaultAction: "SCMP_ACT_NOTIFY" }],
    ["linux.seccomp", { defaultAction: "SCMP_ACT_ERRNO", listenerPath: "/run/x" }],
    ["linux.resources.memory", { swappiness: 10 }],
    ["linux.resources.memory", { disableOOMKiller: true }],
    ["linux.resources.cpu", { realtimeRuntime: 1 }],
    ["linux.resources.blockIO", { weight: 10 }],
    ["linux.resources.unified", { "memory.high": "1" }],
    ["process.scheduler", { policy: "SCHED_FIFO" }],
    ["process.ioPriority", { class: "IOPRIO_CLASS_RT" }],
    ["process.user", { uid: 0, gid: 0, umask: 0o77 }],
    ["hooks", { createContainer: [{ path: "/bin/true" }] }],
    ["vm", { kernel: { path: "/vmlinux" } }],
    ["windows", {}],
    ["mounts", [{ destination: "/x", type: "nfs", source: "host:/x" }]],
  ])("%s: %j", async (path, value) => {
    const error = await refused({ bundle: bundle(changed(path, value)) });
    expect(error).toMatchObject({ code: "NOT_SUPPORTED" });
    expect(error).toHaveProperty("field", expect.stringContaining(`containers.0.bundle.${path}`));
  });
});

describe("what is wrong is refused by name", () => {
  test.each<[string, unknown]>([
    ["ociVersion", "2.0.0"],
    ["process.cwd", "srv"],
    ["process.args", []],
    ["process.rlimits", [{ type: "RLIMIT_NOFILES", soft: 1, hard: 1 }]],
    ["process.rlimits", [{ type: "RLIMIT_NOFILE", soft: 2, hard: 1 }]],
    ["process.oomScoreAdj", 1001],
    ["linux.sysctl", { "../x": "1" }],
    ["linux.seccomp", { defaultAction: "ALLOW" }],
    ["root.path", ""],
    ["hooks", { prestart: [{ path: "bin/true" }] }],
  ])("%s: %j", async (path, value) => {
    const error = await refused({ bundle: bundle(changed(path, value)) });
    expect(error).toMatchObject({ code: "INVALID_ARGUMENT" });
    expect(error).toHaveProperty("field", expect.stringContaining(`containers.0.bundle.${path}`));
  });

  test("a bundle without a config.json, or with one that is no JSON", async () => {
    const folder = bundle("{");
    expect((await refused({ bundle: folder })).message).toContain("must be JSON");
    const missing = await refused({ bundle: join(folder, "rootfs") });
    expect(missing).toMatchObject({ code: "INVALID_ARGUMENT", field: "containers.0.bundle" });
  });
});

test("limits of 64 bits without a limit keep their meaning", async () => {
  const text = JSON.stringify(runcSpec()).replaceAll(":1024", ":18446744073709551615");
  const { spec } = await made({ bundle: bundle(text) });
  expect(spec.process?.rlimits).toEqual([{ type: "RLIMIT_NOFILE", soft: 2 ** 64, hard: 2 ** 64 }]);
});
