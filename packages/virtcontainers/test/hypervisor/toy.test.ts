import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { Host } from "../../src/host/host.ts";
import { createHost } from "../../src/host/real.ts";
import { watchVmm } from "../../src/hypervisor/ending.ts";
import type { Hypervisor, RunningVm, VmSpec } from "../../src/hypervisor/hypervisor.ts";
import { type HypervisorConfig, VirtContainers } from "../../src/index.ts";
import type { VmState } from "../../src/store/vm-state.ts";
import {
  createTestAgent,
  createTestImages,
  duplexPair,
  LogDiskWriter,
  type TestAgent,
} from "../../src/testing/index.ts";
import { refusal } from "../support/refusal.ts";

/** A driver of somebody else's: a process that waits in the place of a VM, with the test agent as its guest. */
function createToy({ processes }: Host): Hypervisor {
  const guests = new Map<string, { agent: TestAgent; log: LogDiskWriter }>();
  const command = async ({ marker }: VmSpec) => {
    const path = (await processes.which("sh")) ?? "";
    return { path, args: ["-c", "kill -STOP $$", "toy-vmm", marker] };
  };
  const running = (state: VmState): RunningVm => {
    const { gone, release } = watchVmm({ processes }, "the toy", state.process);
    return {
      state,
      gone,
      release,
      connectAgent: async () => {
        const [host, stream] = duplexPair();
        const guest = guests.get(state.marker);
        const powerOff = async () => {};
        guest?.agent.serve(stream, { writeLog: (bytes) => guest.log.append(bytes), powerOff });
        return host;
      },
      status: async () => ((await processes.isAlive(state.process)) ? "running" : "gone"),
      stop: async () => {
        await processes.signal(state.process, "SIGKILL");
        await gone;
      },
      consoleTail: async () => "",
      cpuThreads: async () => [state.process.pid],
    };
  };
  return {
    type: "toy",
    capabilities: {
      coldPlug: ["disk"],
      logCarriers: ["disk"],
      agentTransport: "virtio-serial",
      agentClients: 4,
    },
    validate: async () => {},
    command,
    start: async (spec, ledger) => {
      const { marker, folder: cwd, devices, logDisk } = spec;
      const record = { kind: "process", name: "toy", marker } as const;
      return await ledger.take(record, async (update) => {
        const run = { ...(await command(spec)), cwd, outputPath: join(cwd, "toy.log") };
        const { pid, startTime } = await processes.spawnDetached(run);
        await update({ ...record, pid, startTime });
        const log = devices.find(({ id }) => id === logDisk);
        if (log?.kind !== "disk") throw new Error("the log has no disk");
        guests.set(marker, { agent: createTestAgent(), log: new LogDiskWriter(log.path) });
        const address = (index: number) =>
          ({ kind: "mmio", node: `vd${"abcdefgh"[index]}` }) as const;
        const places = Object.fromEntries(devices.map(({ id }, index) => [id, address(index)]));
        return running({ process: { pid, startTime }, marker, devices: places, driver: {} });
      });
    },
    adopt: async (_spec, state) => running(state),
  };
}

let folder: string;
let vc: VirtContainers;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "toy-"));
  vc = new VirtContainers({
    stateDir: join(folder, "state"),
    dataDir: join(folder, "data"),
    images: createTestImages(folder),
    hypervisors: { toy: createToy(createHost()) },
  });
});
afterEach(async () => {
  for (const { id } of await vc.listSandbox()) await vc.deleteSandbox(id, { force: true });
  await rm(folder, { recursive: true, force: true });
});

const waiting = { id: "main", image: "busybox", waits: true } as const;

test("a driver that is handed in runs sandboxes from create to delete, its logs on the second carrier", async () => {
  const job = { args: ["sh", "-c", "echo out; echo more"], detach: true };
  await using sandbox = await vc.runSandbox({
    id: "sb",
    hypervisorType: "toy",
    containers: [waiting, { id: "job", image: "busybox", cmd: job }],
  });
  expect(await sandbox.exec(["echo", "hello"], { container: "main" })).toMatchObject({
    exitCode: 0,
    stdout: "hello\n",
  });
  expect(await sandbox.waitProcess("job", "job")).toBe(0);
  let text = "";
  for await (const { data } of sandbox.logs("job")) text += Buffer.from(data);
  expect(text).toBe("out\nmore\n");
  expect(await sandbox.status()).toMatchObject({ hypervisor: "toy", state: "running" });
  await sandbox.stop();
  expect((await sandbox.status()).state).toBe("stopped");
  await sandbox.delete();
  expect(await vc.listSandbox()).toEqual([]);
});

test("what it can't do is refused by its capabilities", async () => {
  const config = { hypervisorType: "toy", containers: [waiting] };
  const create = (hypervisorConfig: HypervisorConfig) =>
    refusal(vc.createSandbox({ ...config, hypervisorConfig }));
  expect((await create({ sharedFS: "virtio-fs" })).message).toContain(
    "the hypervisor toy can't share by virtio-fs",
  );
  expect(await create({ agentPorts: 5 })).toMatchObject({
    code: "NOT_SUPPORTED",
    field: "hypervisorConfig.agentPorts",
  });
  const other = vc.createSandbox({ ...config, hypervisorType: "xen" });
  expect(await refusal(other)).toMatchObject({ code: "INVALID_ARGUMENT", field: "hypervisorType" });
});

test("what its VM can't do is refused by its name, and changes nothing", async () => {
  await using sandbox = await vc.runSandbox({ hypervisorType: "toy", containers: [waiting] });
  const refuses = async (doing: Promise<unknown>, what: string, field?: string) =>
    expect(await refusal(doing)).toMatchObject({
      code: "NOT_SUPPORTED",
      message: expect.stringContaining(`the hypervisor toy can't ${what}`),
      ...(field !== undefined && { field }),
    });
  await refuses(sandbox.pause(), "pause a VM");
  await refuses(sandbox.resize({ cpus: 2 }), "change the CPUs", "cpus");
  await refuses(sandbox.resize({ memoryMiB: 512 }), "change the memory", "memoryMiB");
  const another = { id: "another", image: "busybox", waits: true };
  await refuses(
    sandbox.createContainer(another),
    "give a VM a device of the kind disk while it runs",
  );
  await sandbox.stopContainer("main");
  await refuses(sandbox.deleteContainer("main"), "give devices to a VM that runs");
  expect(await sandbox.status()).toMatchObject({
    state: "running",
    containersStatus: [{ id: "main" }],
  });
  await sandbox.stop();
  await sandbox.deleteContainer("main");
});
