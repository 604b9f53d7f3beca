import { readFileSync } from "node:fs";
import * as v from "valibot";
import { createHost } from "../../src/host/real.ts";
import type { State } from "../../src/index.ts";
import type { TestInstance } from "../../src/testing/index.ts";
import { editStored, storedPath } from "./stored.ts";

/** A sandbox of one container `c1` that waits, in a state; `dead`: it ran, and its VMM was killed unseen. */
export type Situation = State | "dead";

export const waiting = { id: "c1", image: "busybox", waits: true } as const;

export async function sandboxIn(
  instance: TestInstance,
  situation: Situation,
  id: string = situation,
): Promise<string> {
  const { vc } = instance;
  const config = { id, containers: [waiting] };
  const sandbox = await (situation === "ready" ? vc.createSandbox(config) : vc.runSandbox(config));
  if (situation === "stopped") await sandbox.stop();
  if (situation === "dead") await killVm(instance, id);
  if (situation === "paused") await sandbox.pause();
  if (situation === "creating") {
    editStored(instance, id, (stored) => {
      stored.state = situation;
    });
  }
  await sandbox.release();
  return id;
}

/** Ends the process that stands for the VM, as a crash would, and waits until it is gone. */
export async function killVm(instance: TestInstance, id: string): Promise<void> {
  const stored = v.parse(WithVm, JSON.parse(readFileSync(storedPath(instance, id), "utf8")));
  const { processes } = createHost();
  if (!(await processes.signal(stored.vm.process, "SIGKILL")))
    throw new Error(`the VM of sandbox ${id} is gone already`);
  await processes.waitGone(stored.vm.process);
}

const WithVm = v.object({
  vm: v.object({ process: v.object({ pid: v.number(), startTime: v.string() }) }),
});
