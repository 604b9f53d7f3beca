import { type ChildProcess, spawn } from "node:child_process";
import { basename } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { Deadline } from "../deadline.ts";
import { killGroup } from "./group.ts";
import type { Processes, RunResult } from "./host.ts";
import { identifyChild } from "./identity.ts";
import type { Libc } from "./libc.ts";
import { inNamespace } from "./network/enter.ts";
import { spawnError } from "./spawn.ts";

type RunOptions = NonNullable<Parameters<Processes["run"]>[2]>;

const maxOutputBytes = 1024 * 1024;

/**
 * Runs a tool to its end, which is when nobody holds its output any more. It leads a process group, which is killed
 * by the deadline, also when the tool itself has ended.
 */
export function createRun(libc: () => Libc): Processes["run"] {
  return (path, args, options = {}) => run(libc, path, args, options);
}

async function run(
  libc: () => Libc,
  path: string,
  args: readonly string[],
  options: RunOptions,
): Promise<RunResult> {
  using deadline = new Deadline(options, undefined, `running ${basename(path)}`);
  deadline.check();
  const child = inNamespace(libc, options.networkNamespace, () =>
    spawn(path, args, {
      env: { ...(options.env ?? { PATH: process.env.PATH ?? "", LC_ALL: "C" }) },
      stdio: [options.input === undefined ? "ignore" : "pipe", "pipe", "pipe"],
      detached: true,
      ...(options.argv0 !== undefined && { argv0: options.argv0 }),
    }),
  );
  const leader = child.pid === undefined ? undefined : identifyChild(child.pid);
  if (leader !== undefined) options.onStart?.(leader);
  const onAbort = (): void => {
    if (leader !== undefined) killGroup(libc(), leader);
    // Who has left the group may hold them for ever.
    for (const stream of [child.stdout, child.stderr]) stream?.destroy();
  };
  deadline.signal.addEventListener("abort", onAbort, { once: true });
  try {
    return await deadline.race(finish(child, path, options.input));
  } finally {
    deadline.signal.removeEventListener("abort", onAbort);
  }
}

async function finish(
  child: ChildProcess,
  path: string,
  input: string | Readable | undefined,
): Promise<RunResult> {
  const ended = new Promise<number>((resolve, reject) => {
    child.once("error", (error) => reject(spawnError(error, path)));
    // A tool that was killed by a signal gets the code that a shell would give.
    child.once("close", (code, signal) => resolve(code ?? (signal === null ? 1 : 137)));
  });
  const stdout = collect(child.stdout);
  const stderr = collect(child.stderr);
  if (child.stdin !== null && input !== undefined) {
    const source = typeof input === "string" ? Readable.from([input]) : input;
    // A tool may end without reading all; its exit code then says whether that was wrong.
    pipeline(source, child.stdin).catch(() => {});
  }
  const code = await ended;
  return { code, stdout: stdout(), stderr: stderr() };
}

/** Keeps the first MiB and lets the rest go by. */
function collect(stream: Readable | null): () => string {
  const chunks: Buffer[] = [];
  let size = 0;
  stream?.on("data", (chunk: Buffer) => {
    const part = chunk.subarray(0, maxOutputBytes - size);
    size += part.length;
    if (part.length > 0) chunks.push(part);
  });
  return () => Buffer.concat(chunks).toString("utf8");
}
