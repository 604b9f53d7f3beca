import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Duplex } from "node:stream";
import { afterEach, beforeEach, expect, test } from "vitest";
import { createHost } from "../../src/host/real.ts";
import type { Hypervisor, RunningVm, VmSpec } from "../../src/hypervisor/hypervisor.ts";
import { VirtContainers } from "../../src/index.ts";
import type { VmState } from "../../src/store/vm-state.ts";
import {
  createTestAgent,
  createTestImages,
  duplexPair,
  LogDiskWriter,
  type TestAgent,
} from "../../src/testing/index.ts";
import { refusal } from "../support/refusal.ts";

const { processes } = createHost();

/** A driver of somebody else's: a process that waits in the place of a VM, with the test agent as its guest. */
function createToy(): Hypervisor {
  const guests = new Map<string, { agent: TestAgent; log: LogDiskWriter }>();
  const capabilities = {
    coldPlug: ["disk"],
    hotPlug: [],
    cpuHotplug: false,
    memoryHotplug: false,
    pause: false,
    guestFiles: false,
    logCarriers: ["disk"],
    agentTransport: "virtio-serial",
    agentClients: 8,
  } as const;
  const command = async ({ marker }: Pick<VmSpec, "marker">) => {
    const path = (await processes.which("sh")) ?? "";
    return { path, args: ["-c", "kill -STOP $$", "toy-vmm", marker] };
  };
  const running = (state: VmState): RunningVm => {
    const gone = processes.waitGone(state.process).then(() => "the toy is gone");
    const never = () => Promise.reject(new Error("the toy has no such thing"));
    return {
      state,
      agentTransport: capabilities.agentTransport,
      gone,
      connectAgent: async () => connect(state.marker),
      status: async () => ((await processes.isAlive(state.process)) ? "running" : "gone"),
      stop: async () => {
        await processes.signal(state.process, "SIGKILL");
        await gone;
      },
      consoleTail: async () => "",
      cpuThreads: async () => [state.process.pid],
      release: () => {},
      ...{ pause: never, resume: never, attach: never, detach: never },
      ...{ resizeCpus: never, resizeMemory: never },
    };
  };
  const connect = (marker: string): Duplex => {
    const [host, guest] = duplexPair();
    const found = guests.get(marker);
    const powerOff = async () => {};
    found?.agent.serve(guest, { writeLog: (bytes) => found.log.append(bytes), powerOff });
    return host;
  };
  return {
    type: "toy",
    capabilities,
    validate: async () => {},
    command,
    start: async (spec, ledger) => {
      const { marker, folder } = spec;
      const record = { kind: "process", name: "toy", marker } as const;
      return await ledger.take(record, async (update) => {
        const outputPath = join(folder, "toy.log");
        const child = await processes.spawnDetached({
          ...(await command(spec)),
          cwd: folder,
          outputPath,
        });
        const { pid, startTime } = child;
        await update({ ...record, pid, startTime });
        const log = spec.devices.find(({ id }) => id === spec.logDisk);
        if (log?.kind !== "disk") throw new Error("the log has no disk");
        guests.set(marker, { agent: createTestAgent(), log: new LogDiskWriter(log.path) });
        const nodes = spec.devices.map(({ id }, index) => [
          id,
          { kind: "mmio", node: `vd${"abcdefgh"[index]}` } as const,
        ]);
        const devices = Object.fromEntries(nodes);
        return running({ process: { pid, startTime }, marker, devices, driver: {} });
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
    hypervisors: { toy: createToy() },
  });
});
afterEach(() => rm(folder, { recursive: true, force: true }));

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
  expect((await refusal(sandbox.pause())).message).toContain("the hypervisor toy can't pause");
  await sandbox.stop();
  expect((await sandbox.status()).state).toBe("stopped");
  await sandbox.delete();
  expect(await vc.listSandbox()).toEqual([]);
});

test("what it can't do is refused by its capabilities", async () => {
  const config = { hypervisorType: "toy", containers: [waiting] };
  const shared = vc.createSandbox({ ...config, hypervisorConfig: { sharedFS: "virtio-fs" } });
  expect((await refusal(shared)).message).toContain("the hypervisor toy can't share by virtio-fs");
  const other = vc.createSandbox({ ...config, hypervisorType: "xen" });
  expect(await refusal(other)).toMatchObject({ code: "INVALID_ARGUMENT", field: "hypervisorType" });
});
