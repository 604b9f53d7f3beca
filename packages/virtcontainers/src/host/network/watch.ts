import { type ChildProcess, spawn } from "node:child_process";
import { readFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import type { Command, NamespaceWatch } from "../host.ts";
import type { Libc } from "../libc.ts";
import { spawnError } from "../spawn.ts";
import { inNamespace } from "./enter.ts";

/** How often it is looked whether the tool listens already; it does not say. */
const lookMs = 5;
const NETLINK_ROUTE = "0";

/** Listens to a namespace by a command that writes something for each change, and ends with this process. */
export async function watchNamespace(
  libc: () => Libc,
  { path, args, networkNamespace }: Command,
  signal: AbortSignal,
): Promise<NamespaceWatch> {
  const child = inNamespace(libc, networkNamespace, () =>
    spawn(path, args, { stdio: ["ignore", "pipe", "ignore"] }),
  );
  const watch = new Watch(child, path);
  try {
    while (!watch.ended && !(await listens(child.pid ?? 0)))
      await sleep(lookMs, undefined, { signal });
    return watch;
  } catch (error) {
    watch[Symbol.dispose]();
    throw error;
  }
}

class Watch implements NamespaceWatch {
  ended = false;
  readonly #child: ChildProcess;
  #changed = false;
  #failed: unknown;
  #wake: () => void = () => {};

  constructor(child: ChildProcess, path: string) {
    this.#child = child;
    child.stdout?.on("data", () => {
      this.#changed = true;
      this.#wake();
    });
    child.once("error", (error) => {
      this.#failed = spawnError(error, path);
    });
    child.once("close", () => {
      this.ended = true;
      this.#wake();
    });
  }

  async change(): Promise<void> {
    while (!this.#changed && !this.ended) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    if (this.#failed !== undefined) throw this.#failed;
    this.#changed = false;
  }

  [Symbol.dispose](): void {
    this.#child.kill("SIGKILL");
  }
}

/** netlink(7): a socket for routes that has joined a group. */
async function listens(pid: number): Promise<boolean> {
  const table = await readFile(`/proc/${pid}/net/netlink`, "utf8").catch(() => "");
  return table.split("\n").some((line) => {
    const [, protocol, owner, groups = "0"] = line.trim().split(/\s+/);
    return protocol === NETLINK_ROUTE && owner === String(pid) && !/^0+$/.test(groups);
  });
}
