import { find, type RootTree } from "./root-tree.ts";

/** More than this of a file is not read. */
const limit = 4 * 2 ** 20;
/** What has a longer name counts as malformed. */
const longestName = 256;
/** The largest number of a user or group; the next means none. */
const maxId = 0xffff_fffe;

interface Account {
  name: string;
  uid: number;
  gid: number;
}

interface Group {
  name: string;
  gid: number;
  members: string;
}

/** /etc/passwd and /etc/group of a root that is not to be trusted; a file that is missing counts as empty. */
export class Accounts {
  readonly #passwd: string;
  readonly #group: string;

  constructor(passwd: string, group: string) {
    this.#passwd = passwd;
    this.#group = group;
  }

  account(wanted: string | number): Account | undefined {
    for (const [name, first, second] of lines(this.#passwd)) {
      const [uid, gid] = [idOf(first), idOf(second)];
      if (uid === undefined || gid === undefined) continue;
      if (wanted === name || wanted === uid) return { name, uid, gid };
    }
    return undefined;
  }

  group(name: string): number | undefined {
    for (const group of this.#groups()) if (group.name === name) return group.gid;
    return undefined;
  }

  /** The groups that name an account among their members. */
  *groupsOf(account: string): Generator<number> {
    for (const { gid, members } of this.#groups())
      if (members.split(",").includes(account)) yield gid;
  }

  *#groups(): Generator<Group> {
    for (const [name, number, members = ""] of lines(this.#group)) {
      const gid = idOf(number);
      if (gid !== undefined) yield { name, gid, members };
    }
  }
}

/** Gives the accounts of a root, or the path of what lies under one of `mounts`, where the host does not see it. */
export async function readAccounts<Node>(
  tree: RootTree<Node>,
  mounts: readonly string[],
): Promise<Accounts | { hidden: string }> {
  const places = new Set<string>();
  for (const mount of mounts) places.add((await find(tree, mount)).path);
  const texts: string[] = [];
  for (const path of ["/etc/passwd", "/etc/group"]) {
    const { entry, passed } = await find(tree, path);
    if (passed.some((place) => places.has(place))) return { hidden: path };
    texts.push(entry?.kind === "file" ? textOf(await tree.read(entry.node, limit)) : "");
  }
  const [passwd = "", group = ""] = texts;
  return new Accounts(passwd, group);
}

/** What is cut off in the middle of a line is no line. */
function textOf(bytes: Buffer): string {
  const whole = bytes.length < limit ? bytes : bytes.subarray(0, bytes.lastIndexOf("\n") + 1);
  return whole.toString("utf8");
}

/** Name and the fields behind the password of each line; one at a time, as all would take many times the memory. */
function* lines(
  text: string,
): Generator<[name: string, first: string | undefined, second: string | undefined]> {
  for (let at = 0; at < text.length; ) {
    const end = text.indexOf("\n", at);
    const line = text.slice(at, end < 0 ? undefined : end);
    at = end < 0 ? text.length : end + 1;
    const [name = "", , ...fields] = line.replace(/\r$/, "").split(":", 5);
    if (name.length <= longestName) yield [name, fields[0], fields[1]];
  }
}

/** The number of a user or group, if it is one. */
export function idOf(text: string | undefined): number | undefined {
  const number = text !== undefined && /^\d{1,10}$/.test(text) ? Number(text) : Number.NaN;
  return number <= maxId ? number : undefined;
}
