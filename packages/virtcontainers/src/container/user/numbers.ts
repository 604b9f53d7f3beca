import type { OciUser } from "../../config/oci/process.ts";
import { invalidArgument, isVirtError, VirtError } from "../../errors.ts";
import { hostError } from "../../host/errno.ts";
import { ErofsTree } from "../../image/erofs/read.ts";
import type { StoredContainer } from "../../store/schema.ts";
import { defaultMounts } from "../spec/defaults.ts";
import type { userSpec } from "../spec/process-spec.ts";
import { type Accounts, idOf, readAccounts } from "./accounts.ts";
import { FolderTree } from "./folder-tree.ts";

type User = ReturnType<typeof userSpec>;

/** NGROUPS_MAX: no process can have more. */
const mostGroups = 65_536;

/**
 * A user for an agent that knows numbers alone, as this project's agent would find it: names are looked up in the
 * container's root as the host has it. NOT_SUPPORTED for a name where the host can't see that, INVALID_ARGUMENT
 * for one that is not there.
 */
export async function userInNumbers(
  { uid = "", gid = "", additionalGids = [] }: User,
  container: StoredContainer,
  sandboxId: string,
): Promise<OciUser> {
  const given = container.config.customSpec?.process?.user ?? { uid: 0, gid: 0 };
  const user = { ...given, additionalGids: [...(given.additionalGids ?? [])] };
  const [name, inner] = parted(uid);
  const primary = gid || inner;
  const asked = name !== "" || primary !== "" || additionalGids.length > 0;
  const known = asked ? await accountsOf(container) : "";
  const accounts = typeof known === "string" ? undefined : known;
  const lookUp = (text: string, kind: Kind, found: number | undefined): number => {
    if (found !== undefined) return found;
    if (typeof known !== "string") throw notThere(text, kind);
    // The one name that has the same number everywhere.
    if (text === "root") return 0;
    throw unseen(text, kind, known, sandboxId);
  };
  const group = (text: string, kind: Kind): number =>
    lookUp(text, kind, idOf(text) ?? accounts?.group(text));
  if (name !== "") {
    const number = idOf(name);
    const account = accounts?.account(number ?? name);
    user.uid = lookUp(name, "user", number ?? account?.uid);
    user.gid = account?.gid ?? 0;
    // A group given by the caller takes the place of those of /etc/group, as in docker.
    if (account !== undefined && primary === "")
      add(user.additionalGids, accounts?.groupsOf(account.name) ?? []);
  }
  if (primary !== "") user.gid = group(primary, "primaryGroup");
  add(
    user.additionalGids,
    additionalGids.map((each) => group(each, "supplementaryGroups")),
  );
  // Who has the primary group by that alone can give it up, and then has the rights of all others.
  if (!user.additionalGids.includes(user.gid)) user.additionalGids.unshift(user.gid);
  if (user.additionalGids.length > mostGroups)
    throw invalidArgument("cmd.user", name, `it must be in ${mostGroups} groups at most`);
  return user;
}

type Kind = "user" | "primaryGroup" | "supplementaryGroups";

function parted(text: string): [before: string, behind: string] {
  const at = text.indexOf(":");
  return at < 0 ? [text, ""] : [text.slice(0, at), text.slice(at + 1)];
}

function add(groups: number[], more: Iterable<number>): void {
  const known = new Set(groups);
  for (const gid of more) {
    if (known.size > mostGroups) return;
    if (!known.has(gid)) groups.push(gid);
    known.add(gid);
  }
}

/** The accounts of a container's root, or why the host does not see them. */
async function accountsOf(container: StoredContainer): Promise<Accounts | string> {
  const { config, image, rootFolder } = container;
  const base = config.customSpec === undefined ? defaultMounts : config.customSpec.mounts;
  const mounts = [...(base ?? []), ...(config.mounts ?? [])].map(({ destination }) => destination);
  try {
    if (rootFolder !== undefined) {
      await using tree = await FolderTree.open(rootFolder);
      return orHidden(await readAccounts(tree, mounts));
    }
    if (image === undefined) return "the container's root is a disk, which only the guest reads";
    await using tree = await ErofsTree.open(image.path);
    return orHidden(await readAccounts(tree, mounts));
  } catch (error) {
    if (isVirtError(error)) return error.message;
    return hostError(error, "reading the container's /etc/passwd and /etc/group").message;
  }
}

function orHidden(found: Accounts | { hidden: string }): Accounts | string {
  return "hidden" in found ? `${found.hidden} of the container lies under a mount` : found;
}

function notThere(text: string, kind: Kind): VirtError {
  const [what, path] = kind === "user" ? ["user", "/etc/passwd"] : ["group", "/etc/group"];
  return invalidArgument(
    `cmd.${kind}`,
    text,
    `there is no such ${what} in the container's ${path}`,
  );
}

function unseen(text: string, kind: Kind, why: string, sandboxId: string): VirtError {
  const what = kind === "user" ? "user" : "group";
  return new VirtError(
    "NOT_SUPPORTED",
    `the agent of this guest looks up no names, the ${what} is ${JSON.stringify(text)}, and the host can't look it up: ${why}`,
    {
      sandboxId,
      field: `cmd.${kind}`,
      hint: `Give the number of the ${what}, as in 1000 or 1000:1000.`,
    },
  );
}
