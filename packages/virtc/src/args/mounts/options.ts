import { badValue } from "../../errors/usage.ts";

/** What a mount of a folder or volume can have; each pair is one thing and its contrary. */
const flags = [
  ["rw", "ro"],
  ["suid", "nosuid"],
  ["dev", "nodev"],
  ["exec", "noexec"],
  ["atime", "noatime"],
  ["diratime", "nodiratime"],
  ["relatime", "strictatime"],
  ["sync", "async"],
] as const;
const general: ReadonlySet<string> = new Set(flags.flat());
const ofBind: ReadonlySet<string> = new Set([...general, "bind", "rbind", "private", "rprivate"]);

/** What others know and a VM has no use for. */
const refused: Readonly<Record<string, string>> = {
  z: "labels of SELinux don't reach into a VM: leave it out",
  Z: "labels of SELinux don't reach into a VM: leave it out",
  U: "owners are as they are: change them on this host",
  O: "mount it read-only, or copy it",
  nocopy: "a folder of this host is never filled from the image: leave it out",
  ...Object.fromEntries(
    ["shared", "rshared", "slave", "rslave", "unbindable", "runbindable"].map((name) => [
      name,
      "mounts don't go from a VM to this host or back",
    ]),
  ),
};

/** The options of a mount of a folder or volume. */
export function bindOptions(option: string, text: string, given: string[]): string[] {
  for (const name of given) {
    if (ofBind.has(name)) continue;
    const why = Object.hasOwn(refused, name) ? refused[name] : undefined;
    const known = [...ofBind].join(", ");
    throw badValue(
      option,
      text,
      `${JSON.stringify(name)}: ${why ?? `each must be one of ${known}`}`,
    );
  }
  return given;
}

const tmpfsData = /^(?:mode=[0-7]{3,4}|uid=\d{1,10}|gid=\d{1,10}|nr_inodes=\d{1,10}[kmg]?)$/;

/** Options of memory: no set-user-id programs, devices or programs, unless it is said. */
export function tmpfsOptions(option: string, text: string, given: readonly string[]): string[] {
  for (const name of given) {
    if (general.has(name) || tmpfsData.test(name)) continue;
    const known = [...general, "size=SIZE", "mode=MODE", "uid=UID", "gid=GID", "nr_inodes=N"];
    throw badValue(
      option,
      text,
      `${JSON.stringify(name)}: each must be one of ${known.join(", ")}`,
    );
  }
  const safe = ["suid", "dev", "exec"].filter((name) => !given.includes(name));
  const missing = safe.map((name) => `no${name}`).filter((name) => !given.includes(name));
  return [...missing, ...given];
}
