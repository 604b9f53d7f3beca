import { constants, existsSync } from "node:fs";
import { type FileHandle, lstat, open } from "node:fs/promises";
import { join } from "node:path";
import * as v from "valibot";
import { type CallOptions, Deadline } from "../../deadline.ts";
import { isErrno } from "../../host/errno.ts";
import { FileChanges } from "../../logs/file-changes.ts";
import type { Connection } from "../../operation/connection.ts";
import type { Context } from "../../operation/context.ts";
import { runVerb } from "../../operation/run-verb.ts";
import { isVmAlive } from "../../store/vm-alive.ts";
import { type EgressDecision, EgressDecisionSchema } from "./audit.ts";
import { logFolder } from "./enforce.ts";
import { logName, olderLogName } from "./helper-config.ts";

const maxLineChars = 64 * 1024;

/** What the egress policy has decided, the oldest first; with `follow`, until the VM ends. */
export async function* egressLog(
  { context, connection, id }: { context: Context; connection: Connection; id: string },
  { follow = false, ...options }: CallOptions & { follow?: boolean },
): AsyncGenerator<EgressDecision> {
  using deadline = new Deadline(options, undefined, "egressLog");
  const ended = new AbortController();
  const verb = { name: "egressLog", holding: "moment" } as const;
  // In an object, since a promise that an async function returns would be awaited.
  const { gone } = await runVerb(context, connection, id, verb, options, async ({ sandbox }) => {
    const alive = sandbox.vm !== undefined && (await isVmAlive(context, sandbox));
    if (!alive || sandbox.vm === undefined) return { gone: Promise.resolve() };
    const { processes } = context.host;
    return { gone: processes.waitGone(sandbox.vm.process, ended.signal).catch(() => {}) };
  });
  try {
    yield* read(
      logFolder(context.store.folder(id).path),
      follow ? gone : undefined,
      deadline.signal,
    );
    deadline.check();
  } finally {
    ended.abort();
  }
}

/** Of the file that was begun anew nothing is lost: it is open until all of it has been read. */
async function* read(
  folder: string,
  ended: Promise<void> | undefined,
  signal: AbortSignal,
): AsyncGenerator<EgressDecision> {
  const older = await openLog(join(folder, olderLogName));
  if (older !== undefined) {
    await using file = older;
    yield* new Lines(file).readAll();
  }
  if (!existsSync(folder)) return;
  using changes = new FileChanges(folder, signal);
  let over = ended === undefined;
  ended?.then(() => {
    over = true;
    changes.notify();
  });
  for (;;) {
    const current = await openLog(join(folder, logName));
    if (current === undefined) return;
    await using file = current;
    const lines = new Lines(file);
    for (;;) {
      const last = over || signal.aborted;
      const begunAnew = !(await isAt(join(folder, logName), file));
      yield* lines.readAll();
      if (begunAnew) break;
      if (last) return;
      await changes.next();
    }
  }
}

class Lines {
  readonly #file: FileHandle;
  readonly #buffer = Buffer.alloc(maxLineChars);
  #rest = "";
  #offset = 0;

  constructor(file: FileHandle) {
    this.#file = file;
  }

  async *readAll(): AsyncGenerator<EgressDecision> {
    for (;;) {
      const { bytesRead } = await this.#file.read(this.#buffer, 0, maxLineChars, this.#offset);
      if (bytesRead === 0) return;
      this.#offset += bytesRead;
      const lines = (this.#rest + this.#buffer.toString("utf8", 0, bytesRead)).split("\n");
      this.#rest = (lines.pop() ?? "").slice(0, maxLineChars);
      for (const line of lines) yield* parseLine(line);
    }
  }
}

/** What the helper has not written as it should is left out. */
function* parseLine(line: string): Generator<EgressDecision> {
  try {
    yield v.parse(EgressDecisionSchema, JSON.parse(line));
  } catch {
    // Nothing that anybody could use.
  }
}

async function openLog(path: string): Promise<FileHandle | undefined> {
  const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK } = constants;
  try {
    const file = await open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
    if ((await file.stat()).isFile()) return file;
    await file.close();
    return undefined;
  } catch (error) {
    if (isErrno(error, "ENOENT", "ENOTDIR", "ELOOP")) return undefined;
    throw error;
  }
}

/** False when another file has taken its place: then no more is written to this one. */
async function isAt(path: string, file: FileHandle): Promise<boolean> {
  const found = await lstat(path).catch(() => undefined);
  const own = await file.stat();
  return found === undefined || (found.dev === own.dev && found.ino === own.ino);
}
