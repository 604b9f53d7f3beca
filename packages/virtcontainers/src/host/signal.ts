import { closeSync } from "node:fs";
import { constants as os } from "node:os";
import { hostError } from "./errno.ts";
import { isSame } from "./identity.ts";
import type { Libc } from "./libc.ts";
import type { ProcessIdentity } from "./process-identity.ts";
import { openPidfd } from "./wait.ts";

/** Through a pidfd, so that a pid given to another process in between is never hit. False if it is gone. */
export function sendSignal(libc: Libc, target: ProcessIdentity, name: NodeJS.Signals | 0): boolean {
  const pidfd = openPidfd(libc, target);
  if (pidfd === undefined) return false;
  try {
    libc.pidfdSendSignal(pidfd, name === 0 ? 0 : os.signals[name]);
    return true;
  } catch (error) {
    if (!isSame(target)) return false;
    throw hostError(error, `sending ${name} to process ${target.pid}`);
  } finally {
    closeSync(pidfd);
  }
}
