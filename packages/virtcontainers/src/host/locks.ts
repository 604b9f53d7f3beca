import { constants } from "node:fs";
import { type FileHandle, open, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Deadline } from "../deadline.ts";
import { isVirtError, VirtError } from "../errors.ts";
import { hostError, isErrno } from "./errno.ts";
import type { Lock, Locks } from "./host.ts";
import type { Libc } from "./libc.ts";
import { lockHolders } from "./lock-holders.ts";
import { assertTrusted } from "./trusted.ts";

const lockShared = 1;
const lockExclusive = 2;
const lockNonBlocking = 4;
const unlock = 8;
const maxBackoffMs = 20;
/** After this time the longest pause is one millisecond shorter. */
const patienceMs = 250;

type Mode = "shared" | "exclusive";
/** What one try can end with beside a lock. */
type Attempt = Lock | "held" | "missing";

export function createLocks(libc: () => Libc): Locks {
  return {
    acquire: async (path, mode, options = {}) => {
      const { create = false, timeoutMs = 0, signal } = options;
      assertTrusted(dirname(path));
      const found = await untilFree(timeoutMs, signal, path, [path], async () => {
        const lock = await attempt(libc(), path, mode, create);
        return lock === "held" ? undefined : { lock };
      });
      return found.lock === "missing" ? undefined : found.lock;
    },
    acquireAny: async (paths, options = {}) => {
      const { timeoutMs = 0, signal } = options;
      for (const folder of new Set(paths.map((path) => dirname(path)))) assertTrusted(folder);
      const what = `one of ${paths.length} files such as ${paths[0]}`;
      return await untilFree(timeoutMs, signal, what, paths, async () => {
        for (const [index, path] of paths.entries()) {
          const lock = await attempt(libc(), path, "exclusive", true);
          if (typeof lock === "object") return { index, lock };
        }
        return undefined;
      });
    },
  };
}

/**
 * Tries again after growing, random pauses. A blocking flock(2) would hold a thread of the pool that all
 * file access goes through, and could not be cancelled.
 */
async function untilFree<T extends object>(
  timeoutMs: number,
  signal: AbortSignal | undefined,
  what: string,
  paths: readonly string[],
  tryOnce: () => Promise<T | undefined>,
): Promise<T> {
  using deadline = new Deadline({ signal }, undefined, `locking ${what}`);
  const end = performance.now() + timeoutMs;
  for (let pauseMs = 1; ; pauseMs = Math.min(pauseMs * 2, longestPause(end - timeoutMs))) {
    deadline.check();
    const result = await tryOnce();
    if (result !== undefined) return result;
    const leftMs = end - performance.now();
    if (leftMs <= 0) {
      throw new VirtError("BUSY", `${what} is locked by ${await lockHolders(paths)}`, {
        hint: "Try again when it has finished, or wait longer for it.",
      });
    }
    const waitMs = Math.min(leftMs, pauseMs * (0.5 + Math.random()));
    await deadline
      .race(sleep(waitMs, undefined, { signal: deadline.signal }))
      .catch((error: unknown) => throwWithHolders(error, what, paths));
  }
}

/** A deadline's error says what was waited for. */
async function throwWithHolders(
  error: unknown,
  what: string,
  paths: readonly string[],
): Promise<never> {
  if (!isVirtError(error, "TIMEOUT")) throw error;
  throw new VirtError(
    "TIMEOUT",
    `${error.message}: ${what} is locked by ${await lockHolders(paths)}`,
    { cause: error, phase: error.phase, hint: "Wait longer for it, or end that process." },
  );
}

/** Who has waited for long tries more often, and so comes before those who have just come. */
function longestPause(start: number): number {
  const waitedMs = performance.now() - start;
  return Math.max(1, maxBackoffMs - waitedMs / patienceMs);
}

async function attempt(libc: Libc, path: string, mode: Mode, create: boolean): Promise<Attempt> {
  for (;;) {
    const file = await openLock(path, create);
    if (file === undefined) return "missing";
    let kept = false;
    try {
      if (!flock(libc, file.fd, mode, path)) return "held";
      if (await namesFile(path, file)) {
        kept = true;
        return held(libc, file);
      }
      // Somebody removed the file while it was being locked; the lock of a file without a name is nobody's.
    } finally {
      if (!kept) await file.close();
    }
  }
}

async function openLock(path: string, create: boolean): Promise<FileHandle | undefined> {
  const { O_RDONLY, O_CREAT, O_NOFOLLOW, O_NONBLOCK } = constants;
  try {
    return await open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | (create ? O_CREAT : 0), 0o600);
  } catch (error) {
    if (!create && isErrno(error, "ENOENT", "ENOTDIR")) return undefined;
    throw hostError(error, `opening the lock ${path}`);
  }
}

function flock(libc: Libc, fd: number, mode: Mode, path: string): boolean {
  try {
    libc.flock(fd, (mode === "shared" ? lockShared : lockExclusive) | lockNonBlocking);
    return true;
  } catch (error) {
    if (isErrno(error, "EAGAIN", "EWOULDBLOCK")) return false;
    throw hostError(error, `locking ${path}`);
  }
}

async function namesFile(path: string, file: FileHandle): Promise<boolean> {
  const locked = await file.stat();
  try {
    const named = await stat(path);
    return named.ino === locked.ino && named.dev === locked.dev;
  } catch (error) {
    if (isErrno(error, "ENOENT", "ENOTDIR")) return false;
    throw hostError(error, `checking the lock ${path}`);
  }
}

function held(libc: Libc, file: FileHandle): Lock {
  let open = true;
  const release = (): void => {
    if (!open) return;
    open = false;
    // At once: closing takes its turn among all other work with files.
    libc.flock(file.fd, unlock);
    file.close().catch(() => {});
  };
  return { release, [Symbol.dispose]: release };
}
