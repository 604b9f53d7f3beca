import { constants } from "node:fs";
import { access, readFile } from "node:fs/promises";
import { VirtError } from "../../../errors.ts";
import type { Processes } from "../../host.ts";
import { userNamespace } from "../../user-namespace.ts";

/** What forbids user namespaces to ordinary users, and what that is called. */
const switches: readonly { path: string; forbids(value: number): boolean; allow: string }[] = [
  {
    path: "/proc/sys/user/max_user_namespaces",
    forbids: (most) => most === 0,
    allow: "user.max_user_namespaces=15000",
  },
  {
    path: "/proc/sys/kernel/unprivileged_userns_clone",
    forbids: (allowed) => allowed === 0,
    allow: "kernel.unprivileged_userns_clone=1",
  },
  {
    path: "/proc/sys/kernel/apparmor_restrict_unprivileged_userns",
    forbids: (restricted) => restricted !== 0,
    allow: "kernel.apparmor_restrict_unprivileged_userns=0",
  },
];

/** How many namespaces a user can have of each kind that a network needs. */
const limits = ["user", "mnt", "net"].map((kind) => `max_${kind}_namespaces`);

/** What a network needs of namespaces, to be refused as it is. */
const namespaces = ["--user", "--map-root-user", "--mount", "--net", "true"];

const tunDevice = "/dev/net/tun";

/** HOST_REQUIREMENT, one for each thing that an ordinary user's networks need and this host does not give. */
export async function assertAllowed(processes: Processes): Promise<void> {
  if ((await processes.which("pasta")) === undefined)
    throw lacking("pasta is not installed", "Install it; Debian: sudo apt install passt.");
  if ((await processes.which("nsenter")) === undefined)
    throw lacking("nsenter is missing", "Install it; Debian: sudo apt install util-linux.");
  await access(tunDevice, constants.R_OK | constants.W_OK).catch(() => {
    throw lacking(
      `${tunDevice} is missing, or not for this user`,
      `As root: modprobe tun; chmod 0666 ${tunDevice}, which is what udev makes of it.`,
    );
  });
  if ((await userNamespace({ processes })) === undefined) throw await whyForbidden(processes);
}

/** As `forbidden`, by what unshare(1) says now. */
export async function whyForbidden(processes: Processes): Promise<VirtError> {
  const path = await processes.which("unshare");
  if (path === undefined)
    return lacking("unshare is missing", "Install it; Debian: sudo apt install util-linux.");
  const { stderr } = await processes.run(path, namespaces, { timeoutMs: 20_000 });
  return await forbidden(stderr);
}

type ReadFile = (path: string) => Promise<string>;

/** Why this user has no user namespace, as far as this host's files and what unshare(1) said tell, and what allows it. */
export async function forbidden(
  said = "",
  read: ReadFile = (path) => readFile(path, "utf8"),
): Promise<VirtError> {
  const numberIn = async (path: string): Promise<number | undefined> => {
    const text = await read(path).catch(() => "");
    return /^\s*\d+\s*$/.test(text) ? Number(text) : undefined;
  };
  const found: string[] = [];
  for (const { path, forbids, allow } of switches) {
    const value = await numberIn(path);
    if (value === undefined) continue;
    found.push(`${path} is ${value}`);
    if (!forbids(value)) continue;
    return lacking(
      `this host forbids user namespaces to ordinary users (${path} is ${value})`,
      `As root: sysctl -w ${allow}, and the same in a file of /etc/sysctl.d; or run as root.`,
    );
  }
  if (/No space left on device/.test(said)) return await exhausted(numberIn);
  const why = said.trim() === "" ? "" : `: ${said.trim().slice(-300)}`;
  const looked = found.length === 0 ? "" : ` (${found.join(", ")})`;
  return lacking(
    `this user can't have user namespaces${why}${looked}`,
    "See user_namespaces(7) for what may forbid them, such as a container, whose profile of seccomp or AppArmor does; or run as root.",
  );
}

/** The kernel says so of each limit, and of namespaces that are nested too deeply. */
async function exhausted(
  numberIn: (path: string) => Promise<number | undefined>,
): Promise<VirtError> {
  const all: string[] = [];
  for (const limit of limits) {
    const value = await numberIn(`/proc/sys/user/${limit}`);
    if (value !== undefined) all.push(`user.${limit} is ${value}`);
  }
  const known = all.length === 0 ? "" : ` (${all.join(", ")})`;
  return lacking(
    `this user has as many namespaces as he can have${known}`,
    "As root: raise these limits, such as sysctl -w user.max_user_namespaces=15000; or end what holds namespaces: lsns.",
  );
}

function lacking(what: string, hint: string): VirtError {
  return new VirtError("HOST_REQUIREMENT", `a network of an ordinary user's own: ${what}`, {
    hint,
  });
}
