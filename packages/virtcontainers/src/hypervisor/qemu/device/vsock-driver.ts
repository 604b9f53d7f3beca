import { setTimeout as sleep } from "node:timers/promises";
import * as v from "valibot";
import type { Qmp } from "../control.ts";

const pauseMs = 50;
const Devices = v.array(v.object({ name: v.string(), path: v.string() }));
const Status = v.object({ started: v.boolean() });

/** Runs something with QEMU's control connection. */
type Control = (act: (qmp: Qmp, signal: AbortSignal) => Promise<boolean>) => Promise<boolean>;

/**
 * Waits until the guest's driver has the vsock device in use. Whoever dials while that begins, when the guest's memory
 * is known and its queues are not, ends the thread of vhost-device-vsock that serves connections; so it must have been
 * in use for a whole pause. QEMU has no event for it.
 */
export async function vsockDriverReady(control: Control, signal: AbortSignal): Promise<void> {
  for (let seen = 0; seen < 2; ) {
    const started = await control(isStarted);
    seen = started ? seen + 1 : 0;
    if (seen < 2) await sleep(pauseMs, undefined, { signal });
  }
}

async function isStarted(qmp: Qmp, signal: AbortSignal): Promise<boolean> {
  const devices = v.parse(Devices, await qmp.execute("x-query-virtio", {}, signal));
  const path = devices.find(({ name }) => name === "vhost-vsock")?.path;
  if (path === undefined) return false;
  return v.parse(Status, await qmp.execute("x-query-virtio-status", { path }, signal)).started;
}
