import { randomUUID } from "node:crypto";
import type { Host, Processes } from "../host/host.ts";
import type { ProcessIdentity } from "../host/process-identity.ts";
import type { Ledger } from "./ledger.ts";

/** How a tool is found again whose runner was killed. */
export interface HeldTool {
  /** What the ledger calls it. */
  name: string;
  /** The variable of its environment that has its marker, a random value. */
  variable: string;
  onStart?: (() => void) | undefined;
}

/** Runs tools that the ledger knows, so that they end with the sandbox if this process is killed. */
export function runHeld(host: Host, ledger: Ledger, tool: HeldTool): Processes["run"] {
  const { name, variable } = tool;
  return async (path, args, options = {}) => {
    const marker = randomUUID();
    // First, where it is found in however large an environment.
    const env = { [variable]: marker, ...options.env };
    env[variable] = marker;
    const record = { kind: "process", name, marker, variable, group: true } as const;
    const result = await ledger.take(record, (update) => {
      const onStart = (started: ProcessIdentity): void => {
        tool.onStart?.();
        // Where there is no room for its pid on disk, its marker is there already.
        update({ ...record, ...started }).catch(() => {});
      };
      return host.processes.run(path, args, { ...options, env, onStart });
    });
    // What it has left running, as a program of its own, goes on.
    ledger.strike((taken) => "marker" in taken && taken.marker === marker);
    return result;
  };
}
