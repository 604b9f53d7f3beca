import { EventEmitter, once } from "node:events";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as v from "valibot";
import { vi } from "vitest";
import { VirtError } from "../../src/errors.ts";
import { createHost } from "../../src/host/real.ts";
import type { State } from "../../src/index.ts";
import type { AgentFault, TestInstance } from "../../src/testing/index.ts";

// A busy machine is no failure.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

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

export function storedPath(instance: TestInstance, id: string, name = "sandbox.json"): string {
  return join(instance.folder, "state", "sbs", id, name);
}

export function editStored(
  instance: TestInstance,
  id: string,
  edit: (stored: Record<string, unknown>) => void,
): void {
  const path = storedPath(instance, id);
  const stored: Record<string, unknown> = JSON.parse(readFileSync(path, "utf8"));
  edit(stored);
  writeFileSync(path, JSON.stringify(stored));
}

/** The VirtError that a promise rejects with; anything else fails the test. */
export async function refusal(promise: PromiseLike<unknown>): Promise<VirtError> {
  try {
    await promise;
  } catch (error) {
    if (error instanceof VirtError) return error;
    throw error;
  }
  throw new Error("it was not refused");
}

/** Tells how often the guest was asked for something: `asked` settles at the `count`-th call. */
export function watchCalls(method: string): {
  fault: AgentFault;
  asked(count: number): Promise<void>;
} {
  const calls = new EventEmitter();
  let seen = 0;
  const back = () => calls.emit("call", ++seen);
  const asked = async (count: number) => {
    while (seen < count) await once(calls, "call");
  };
  return { fault: { at: method, does: { kind: "call", back } }, asked };
}
