import type { ApiCall } from "./call.ts";

/** Where Firecracker's own log goes, which it makes if it is missing. */
export function loggerCall(path: string, debug: boolean): ApiCall {
  return {
    method: "PUT",
    path: "/logger",
    body: { log_path: path, level: debug ? "Debug" : "Error" },
  };
}

/** Where its counters go, a line at a time; can be said once. */
export function metricsCall(path: string): ApiCall {
  return { method: "PUT", path: "/metrics", body: { metrics_path: path } };
}
