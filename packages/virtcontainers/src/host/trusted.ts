import {
  chmodSync,
  closeSync,
  constants,
  fchmodSync,
  fstatSync,
  lstatSync,
  mkdirSync,
  openSync,
  readFileSync,
  readlinkSync,
  type Stats,
} from "node:fs";
import { dirname, resolve } from "node:path";
import { VirtError } from "../errors.ts";
import { hostError, isErrno } from "./errno.ts";
import { isOfAnyone } from "./unknown-users.ts";

const maxLinks = 40;
const groupWrite = 0o020;
const otherWrite = 0o002;
const sticky = 0o1000;

/**
 * Makes sure that nobody but root and this user (and `also`) can change what an absolute path leads to: each
 * folder and link on the way, and what it names, is theirs, and no other user may write to it. What lies in a
 * folder such as /tmp, where only its owner can rename a thing, has to be theirs alone. False if there is no
 * such path. HOST_REQUIREMENT.
 */
export function assertTrusted(path: string, also?: number): boolean {
  return trustedPlace(path, "/", partsOf(resolve("/", path)), also) !== undefined;
}

/** As assertTrusted, of the parts of `path` that come after a place made sure of; gives where they lead. */
export function trustedPlace(
  path: string,
  from: string,
  parts: readonly string[],
  also?: number,
): string | undefined {
  const owners = [0, process.geteuid?.() ?? 0, ...(also === undefined ? [] : [also])];
  let rest = [...parts];
  let here = from;
  let links = 0;
  for (let part = rest.shift(); part !== undefined; part = rest.shift()) {
    const next = resolve(here, part);
    const found = lstatIfThere(next);
    if (found === undefined) return undefined;
    assertOwner(path, next, found, owners);
    if (found.isSymbolicLink()) {
      if (++links > maxLinks) throw untrusted(path, `${next} leads in a circle`);
      const target = readlinkSync(next);
      rest = [...partsOf(target), ...rest];
      if (target.startsWith("/")) here = "/";
      continue;
    }
    const passing = rest.length > 0 && (found.mode & sticky) !== 0;
    if (!passing) assertUnwritable(path, next, found);
    here = next;
  }
  return here;
}

/** Makes a folder, whatever the umask, with what is missing above it, and makes sure of it as `assertTrusted` does. */
export function makeTrustedFolder(path: string, mode: number): void {
  if (assertTrusted(path)) return;
  try {
    const made = mkdirSync(path, { recursive: true, mode });
    // In a folder like /tmp somebody else may have made it a moment before.
    assertTrusted(path);
    if (made !== undefined) chmodSync(path, mode);
  } catch (error) {
    throw hostError(error, `making the folder ${path}`);
  }
}

/**
 * Makes a trusted folder that nobody else may pass, also where it was made open to them. HOST_REQUIREMENT, also
 * for what is there and no folder: that keeps its mode.
 */
export function makePrivateFolder(path: string): void {
  makeTrustedFolder(path, 0o700);
  let folder: number | undefined;
  try {
    folder = openSync(path, constants.O_RDONLY | constants.O_DIRECTORY);
    const { mode, uid } = fstatSync(folder);
    if ((mode & 0o077) !== 0 && uid === process.geteuid?.()) fchmodSync(folder, 0o700);
  } catch (error) {
    if (isErrno(error, "ENOTDIR")) throw untrusted(path, `${path} is no folder`);
    throw hostError(error, `closing the folder ${path}`);
  } finally {
    if (folder !== undefined) closeSync(folder);
  }
}

/** The text of a file of ours; undefined if there is none. HOST_REQUIREMENT, as `assertTrusted`. */
export function readTrusted(path: string): string | undefined {
  return assertTrusted(dirname(path)) ? readFileOfOurs(path) : undefined;
}

/** The text of a file in a folder that was made sure of; undefined if there is none. */
export function readFileOfOurs(path: string): string | undefined {
  let file: number | undefined;
  try {
    const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK } = constants;
    file = openSync(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
    assertTrustedFile(path, fstatSync(file));
    return readFileSync(file, "utf8");
  } catch (error) {
    if (isErrno(error, "ENOENT", "ENOTDIR")) return undefined;
    throw hostError(error, `reading ${path}`);
  } finally {
    if (file !== undefined) closeSync(file);
  }
}

/** Makes sure of an open file of ours, which may have been put in its place while nobody looked. HOST_REQUIREMENT. */
export function assertTrustedFile(path: string, found: Stats): void {
  if (!found.isFile()) throw untrusted(path, `${path} is no ordinary file`);
  assertOwner(path, path, found, [0, process.geteuid?.() ?? 0]);
  assertUnwritable(path, path, found);
}

export function partsOf(path: string): string[] {
  return path.split("/").filter((part) => part !== "");
}

function lstatIfThere(path: string): Stats | undefined {
  try {
    return lstatSync(path);
  } catch (error) {
    if (isErrno(error, "ENOENT", "ENOTDIR")) return undefined;
    throw hostError(error, `looking at ${path}`);
  }
}

function assertOwner(path: string, at: string, { uid }: Stats, owners: readonly number[]): void {
  if (isOfAnyone(uid)) {
    throw untrusted(path, `${at} belongs to a user that this user namespace does not know`, {
      hint: "It could be anyone's. Use this outside of the user namespace, or in one that maps the owners of this path and your own id.",
    });
  }
  if (!owners.includes(uid)) throw untrusted(path, `${at} belongs to the user ${uid}`);
}

function assertUnwritable(path: string, at: string, { mode, uid, gid }: Stats): void {
  if ((mode & otherWrite) !== 0) throw untrusted(path, `all users may write to ${at}`);
  if ((mode & groupWrite) === 0 || isOwnGroup(uid, gid)) return;
  throw untrusted(path, `the group ${gid} may write to ${at}`);
}

/** The group that many systems make for each user, of the same number, with nobody else in it. group(5). */
function isOwnGroup(uid: number, gid: number): boolean {
  if (uid !== gid) return false;
  const line = readFileSync("/etc/group", "utf8")
    .split("\n")
    .map((text) => text.split(":"))
    .find((fields) => fields[2] === String(gid));
  return line !== undefined && ["", line[0]].includes(line[3]);
}

function untrusted(path: string, why: string, more: { hint?: string } = {}): VirtError {
  return new VirtError("HOST_REQUIREMENT", `${path} is not safe to use: ${why}`, {
    hint: "Others could put things there that would be done in your name. Use a folder of your own that nobody else may write to, also not to those above it: VIRTC_STATE_DIR, VIRTC_DATA_DIR, VIRTC_GUEST_DIR or XDG_CACHE_HOME choose one. To keep this one, remove what you have not made in it, then use chown and chmod go-w.",
    ...more,
  });
}
