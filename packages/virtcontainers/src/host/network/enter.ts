import { closeSync, constants, openSync } from "node:fs";
import type { Libc } from "../libc.ts";
import { assertNetworkNamespace, cloneNewnet, ownNamespace } from "./identity.ts";

/**
 * Does something while this thread is in a network namespace: what it opens is that namespace's, and what it starts
 * is in it. Synchronous, so that nothing else of this process gets a turn there; undefined: where it is already.
 */
export function inNamespace<T>(libc: () => Libc, path: string | undefined, act: () => T): T {
  if (path === undefined) return act();
  return away(libc(), () => enter(libc(), path), act);
}

/** As inNamespace, in one that is made for it. */
export function inNewNamespace<T>(libc: Libc, act: () => T): T {
  return away(libc, () => libc.unshare(cloneNewnet), act);
}

function enter(libc: Libc, path: string): void {
  const fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    assertNetworkNamespace(libc, fd, path);
    libc.setns(fd, cloneNewnet);
  } finally {
    closeSync(fd);
  }
}

function away<T>(libc: Libc, leave: () => void, act: () => T): T {
  const home = openSync(ownNamespace, constants.O_RDONLY);
  try {
    leave();
    try {
      return act();
    } finally {
      comeBack(libc, home);
    }
  } finally {
    closeSync(home);
  }
}

/** All that this process did from then on would be done to the wrong network, so it ends rather. */
function comeBack(libc: Libc, home: number): void {
  try {
    libc.setns(home, cloneNewnet);
  } catch {
    process.abort();
  }
}
