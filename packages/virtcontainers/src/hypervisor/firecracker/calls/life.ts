import type { ApiCall } from "./call.ts";

/** The guest boots; once in a process. */
export const bootCall: ApiCall = action("InstanceStart");

/** The counters are written now. */
export const flushMetricsCall: ApiCall = action("FlushMetrics");

/** The guest's CPUs stand still; no error if they do already. */
export const pauseCall: ApiCall = state("Paused");
export const resumeCall: ApiCall = state("Resumed");

function action(action_type: string): ApiCall {
  return { method: "PUT", path: "/actions", body: { action_type } };
}

function state(name: string): ApiCall {
  return { method: "PATCH", path: "/vm", body: { state: name } };
}
