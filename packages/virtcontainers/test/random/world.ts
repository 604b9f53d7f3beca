import { chmodSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { VirtError } from "../../src/errors.ts";
import { findGuestDir, loadGuestAssets } from "../../src/guest/assets.ts";
import { type ContainerConfig, type ProcessListOptions, VirtContainers } from "../../src/index.ts";
import { createTestInstance, type MockFailure } from "../../src/testing/index.ts";

/** What the random calls are made on. */
export interface World extends AsyncDisposable {
  vc: VirtContainers;
  ids: readonly [string, ...string[]];
  /** What each sandbox is made with. */
  containers: readonly [ContainerConfig, ...ContainerConfig[]];
  /** Every process can do everything in every sandbox. */
  real: boolean;
  /** How many calls a process makes at once, and how long it waits between two at most. */
  atOnce: number;
  pauseMs: number;
  /** How long a command may take at most that is to be called off. */
  briefMs: number;
  /** Lets the next calls meet slowness and faults, or none. */
  trouble(rand: () => number): void;
  calm(): void;
  /** True if a command with such an argument is there in a container. */
  runs(id: string, containerId: string, argument: string): Promise<boolean>;
}

/** Long enough for calls to be entangled, short enough to be judged. */
export const roundMs = { doubles: 2_500, vm: 20_000 };

const waiting = (id: string) => ({ id, image: "busybox", waits: true });

export async function openDoubles(folder: string): Promise<World> {
  const failures: Partial<Record<"stop" | "pause" | "started" | "connectAgent", MockFailure>> = {};
  const points = ["stop", "pause", "started"] as const;
  const instance = await createTestInstance({ folder, failures });
  return {
    vc: instance.vc,
    ids: ["s1", "s2", "s3"],
    containers: [waiting("c1")],
    real: false,
    atOnce: 3,
    pauseMs: 250,
    briefMs: 60,
    // Past deadlines and patience at times.
    trouble: (rand) => {
      for (const at of points) {
        if (rand() < 0.85) delete failures[at];
        else if (rand() < 0.3)
          failures[at] = new VirtError("HYPERVISOR_FAILED", "a fault of the tester");
        else {
          const delayMs = rand() < 0.2 ? 3_000 : Math.floor(rand() * 300);
          failures[at] = () => sleep(delayMs);
        }
      }
    },
    calm: () => {
      for (const at of points) delete failures[at];
    },
    runs: async (id, containerId, argument) => {
      let execs: Iterable<{ argv: readonly string[]; exitCode: number | undefined }> = [];
      try {
        execs = instance.agent(id).containers.get(containerId)?.execs.values() ?? [];
      } catch {
        // Its VM is another process's.
      }
      for (const { argv, exitCode } of execs)
        if (exitCode === undefined && argv.join(" ").includes(argument)) return true;
      return false;
    },
    [Symbol.asyncDispose]: () => instance[Symbol.asyncDispose](),
  };
}

/** Real VMs, with several containers in each. */
export async function openVms(folder: string): Promise<World> {
  // The VMM's user passes through.
  chmodSync(folder, 0o711);
  const vc = new VirtContainers({
    stateDir: join(folder, "state"),
    dataDir: join(folder, "data"),
  });
  return {
    vc,
    ids: ["s1", "s2"],
    containers: [waiting("c1"), waiting("c2"), waiting("c3")],
    real: true,
    atOnce: 2,
    pauseMs: 600,
    briefMs: 400,
    trouble: () => {},
    calm: () => {},
    runs: async (id, containerId, argument) => {
      const list: ProcessListOptions = { format: "table", args: ["-eo", "args"] };
      const limit = { timeoutMs: 10_000 };
      const table = await vc.processListContainer(id, containerId, list, limit).catch(() => "");
      return table.includes(argument);
    },
    [Symbol.asyncDispose]: async () => {
      for (const { id } of await vc.listSandbox()) await vc.deleteSandbox(id, { force: true });
    },
  };
}

/** What sandboxes on VMs are made from. */
export async function importImage({ vc }: World): Promise<void> {
  const { busyboxPath } = await loadGuestAssets(findGuestDir(process.env));
  if (busyboxPath === undefined) throw new Error("the guest files have no busybox image");
  await vc.images.import(busyboxPath, { name: "busybox" });
}
