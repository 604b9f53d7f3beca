import { type ChildProcess, spawn } from "node:child_process";
import { closeSync } from "node:fs";
import { createInterface } from "node:readline";
import { text } from "node:stream/consumers";
import { VirtError } from "../../../errors.ts";
import type { Command, OpenDescriptor } from "../../host.ts";
import type { Libc } from "../../libc.ts";
import { openDescriptor } from "../../open-descriptor.ts";
import { attachQueue } from "../taps.ts";
import { openTun } from "./scripts.ts";

/** What the program there calls it. */
const tunDescriptor = 3;

/**
 * Opens queues of a tap in a namespace that this process can't enter itself: a program there opens the device, and is
 * asked for its descriptor. Who owns a user namespace may do with it what its root may.
 */
export async function openTapBy(
  libc: Libc,
  enter: (command: Pick<Command, "path" | "args">) => Promise<Command>,
  { name, queues, existing = false }: { name: string; queues: number; existing?: boolean },
): Promise<OpenDescriptor[]> {
  const { path, args } = await enter({ path: "/bin/sh", args: ["-c", openTun] });
  const child = spawn(path, [...args], { stdio: ["pipe", "pipe", "pipe"] });
  const said = text(child.stderr);
  const answers = createInterface(child.stdout)[Symbol.asyncIterator]();
  const fds: number[] = [];
  try {
    for (let index = 0; index < queues; index++) {
      child.stdin.write("\n");
      if ((await answers.next()).done) throw new Error((await said).trim() || "nsenter ended");
      const fd = libc.takeDescriptor(numberOf(child), tunDescriptor);
      fds.push(fd);
      attachQueue(libc, fd, { name, queues, existing }, index);
    }
  } catch (cause) {
    for (const fd of fds) closeSync(fd);
    throw failure(name, cause);
  } finally {
    child.stdin.end();
    child.kill("SIGKILL");
  }
  return fds.map(openDescriptor);
}

function numberOf({ pid }: ChildProcess): number {
  if (pid === undefined) throw new Error("it could not be started");
  return pid;
}

function failure(name: string, cause: unknown): VirtError {
  const why = cause instanceof Error ? cause.message : String(cause);
  return new VirtError("HOST_FAILED", `making the tap ${name} failed: ${why}`, {
    cause,
    hint: "Look whether this user may open /dev/net/tun; `virtc check` tells.",
  });
}
