import { expect, test } from "vitest";
import { configFromOptions } from "../../src/api/short-form.ts";
import type { SandboxOptions } from "../../src/config/sandbox-options.ts";
import { VirtContainers, type VirtContainersOptions } from "../../src/index.ts";
import { createTestInstance } from "../../src/testing/index.ts";

/** What a program without types may hand in. */
function untyped<T>(value: unknown): T {
  return value as T;
}

test.each([
  [{ image: "busybox", rootfs: "/srv" }, "options.rootfs"],
  [{ env: ["A=1"] }, "options.env"],
  [{ annotations: ["a"] }, "options.annotations"],
  [{ imge: "busybox" }, "options.imge"],
  [{ network: "-" }, "options.network"],
  [{ network: { networks: [{ name: "front", ip: "x" }] } }, "options.network.networks.0.ip"],
  [{ network: "none", ports: [{ hostPort: 80, containerPort: 80 }] }, "options.ports"],
  [{ labels: ["a"] }, "options.labels"],
  [{ hostname: "-" }, "options.hostname"],
  [{ mounts: [{ type: "bind", source: "x", destination: "/x" }] }, "options.mounts.0.source"],
  [{ volumes: { data: "cache" } }, "options.volumes.data"],
  [{ volumes: { "/data": "/srv" } }, "options.volumes./data"],
  [{ pids: 0 }, "options.pids"],
  [{ pids: 9, resources: { pids: { limit: 9 } } }, "options.pids"],
  [{ resources: { memory: { max: 1 } } }, "options.resources.memory.max"],
  [{ capabilities: { add: ["NET_EVERYTHING"] } }, "options.capabilities.add.0"],
  [{ containers: [{ id: "main", image: "busybox" }] }, "options.containers.0.id"],
  [{ containers: [{ id: "side", imge: "busybox" }] }, "options.containers.0.imge"],
  [{ kernel: "vmlinux" }, "options.kernel"],
  [{ cpus: 2, hypervisorConfig: { numVCPUs: 2 } }, "options.cpus"],
  [{ kernel: "/k", hypervisorConfig: { kernelPath: "/k" } }, "options.kernel"],
])("Sandbox.create(%j) is refused", (options, field) => {
  const create = () => configFromOptions(untyped<SandboxOptions>(options), "none");
  expect(create).toThrow(expect.objectContaining({ code: "INVALID_ARGUMENT", field }));
});

test.each<[SandboxOptions, object]>([
  [{}, { network: { networks: [{ name: "bridge" }] } }],
  [{ network: "none" }, {}],
  [{ network: "front" }, { network: { networks: [{ name: "front" }] } }],
  [{ network: { rxRateBits: 8000 } }, { network: { rxRateBits: 8000 } }],
  [
    { ports: [{ hostPort: 8080, containerPort: 80 }] },
    {
      network: { networks: [{ name: "bridge" }] },
      ports: [{ hostPort: 8080, containerPort: 80 }],
    },
  ],
])("Sandbox.create(%j) asks for a network", (options, part) => {
  const { network, ports } = configFromOptions(options, "bridge");
  expect({ ...(network && { network }), ...(ports && { ports }) }).toEqual(part);
});

test("where none is the default, Sandbox.create has no network unless it is given ports", () => {
  const ports = [{ hostPort: 8080, containerPort: 80 }];
  expect(configFromOptions({}, "none").network).toBeUndefined();
  expect(configFromOptions({ ports }, "none").network).toEqual({ networks: [{ name: "bridge" }] });
  expect(configFromOptions({ ports }, "front").network).toEqual({ networks: [{ name: "front" }] });
});

test("what Sandbox.create is told of its VM and container becomes their configuration", () => {
  const side = { id: "side", image: "busybox", cmd: { args: ["sleep", "9"] } };
  const memory = { type: "tmpfs", destination: "/memory", sizeMiB: 8 } as const;
  const config = configFromOptions(
    {
      labels: { role: "worker" },
      annotations: { role: "other", note: "kept" },
      hostname: "box",
      cpus: 2,
      kernel: "/boot/vmlinux",
      hypervisorConfig: { agentPorts: 4 },
      mounts: [memory],
      volumes: { "/data": "cache" },
      readonlyRootfs: true,
      pids: 64,
      resources: { memory: { limit: 2 ** 26 } },
      capabilities: { add: ["net_admin"], drop: ["ALL"] },
      shmSize: 65_536,
      containers: [side],
    },
    "none",
  );
  const rights = ["CAP_NET_ADMIN"];
  expect(config).toMatchObject({
    annotations: { role: "worker", note: "kept" },
    hostname: "box",
    hypervisorConfig: { agentPorts: 4, numVCPUs: 2, kernelPath: "/boot/vmlinux" },
    staticResourceMgmt: true,
    shmSize: 65_536,
    containers: [
      {
        id: "main",
        mounts: [memory, { type: "volume", source: "cache", destination: "/data" }],
        readonlyRootfs: true,
        resources: { memory: { limit: 2 ** 26 }, pids: { limit: 64 } },
        cmd: { capabilities: { bounding: rights, effective: rights, permitted: rights } },
      },
      side,
    ],
  });
});

test("VirtContainers refuses options that it does not know, and names those it does", () => {
  const options = untyped<VirtContainersOptions>({ stateDirectory: "/run/x" });
  expect(() => new VirtContainers(options)).toThrow(
    expect.objectContaining({
      code: "INVALID_ARGUMENT",
      field: "options.stateDirectory",
      hint: expect.stringContaining("stateDir, dataDir"),
    }),
  );
});

test("runSandbox says what is missing where nothing is to run; an empty list is meant so", async () => {
  await using instance = await createTestInstance();
  await expect(instance.vc.runSandbox({})).rejects.toMatchObject({
    code: "INVALID_ARGUMENT",
    field: "containers",
    message: expect.stringContaining("there is nothing to run: give containers, such as"),
  });
  expect(await instance.vc.listSandbox()).toEqual([]);
  await using sandbox = await instance.vc.runSandbox({ containers: [] });
  expect((await sandbox.status()).state).toBe("running");
});
