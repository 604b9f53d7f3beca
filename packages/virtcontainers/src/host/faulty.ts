import { constants } from "node:os";
import { errnoError } from "./errno.ts";
import type { Host } from "./host.ts";

type Part = "processes" | "mounts" | "locks" | "sockets" | "cgroups" | "network" | "pci";

/** What goes wrong, and when. */
export interface Fault {
  /** A method such as `mounts.bind`, or `failpoint:` and the name of a failpoint. */
  at: string;
  /** The call that fails, from 1; default: each. */
  nth?: number;
  /** The error it fails with, such as ENOSPC; `die` ends this process as SIGKILL does. */
  with: keyof typeof constants.errno | "die" | Error;
}

/** A host for tests: does what the given one does, but for the faults. `onPass` hears of each call and failpoint. */
export function createFaultyHost(
  host: Host,
  faults: readonly Fault[],
  onPass: (point: string, nth: number) => void = () => {},
): Host {
  const calls = new Map<string, number>();
  const pass = (point: string): void => {
    const count = (calls.get(point) ?? 0) + 1;
    calls.set(point, count);
    onPass(point, count);
    for (const fault of faults) {
      if (fault.at === point && (fault.nth ?? count) === count) strike(fault, point);
    }
  };
  return {
    processes: wrap(host.processes, "processes", pass),
    mounts: wrap(host.mounts, "mounts", pass),
    locks: wrap(host.locks, "locks", pass),
    sockets: wrap(host.sockets, "sockets", pass),
    cgroups: wrap(host.cgroups, "cgroups", pass),
    network: wrap(host.network, "network", pass),
    pci: wrap(host.pci, "pci", pass),
    uid: host.uid,
    gid: host.gid,
    bootId: () => host.bootId(),
    failpoint: (name) => {
      pass(`failpoint:${name}`);
      host.failpoint(name);
    },
  };
}

function wrap<T extends object>(part: T, name: Part, pass: (point: string) => void): T {
  return new Proxy(part, {
    get(target, key, receiver) {
      const method: unknown = Reflect.get(target, key, receiver);
      if (typeof method !== "function") return method;
      return async (...args: unknown[]): Promise<unknown> => {
        pass(`${name}.${String(key)}`);
        return await Reflect.apply(method, target, args);
      };
    },
  });
}

function strike(fault: Fault, point: string): void {
  if (fault.with === "die") process.kill(process.pid, "SIGKILL");
  else if (fault.with instanceof Error) throw fault.with;
  else throw errnoError(constants.errno[fault.with], point);
}
