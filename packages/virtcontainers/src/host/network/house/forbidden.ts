import { constants } from "node:fs";
import { access, readFile } from "node:fs/promises";
import { VirtError } from "../../../errors.ts";
import type { Processes } from "../../host.ts";
import { userNamespace } from "../../user-namespace.ts";

/** What forbids user namespaces to ordinary users, and what that is called. */
const switches = [
  {
    path: "/proc/sys/user/max_user_namespaces",
    forbids: "0",
    allow: "user.max_user_namespaces=15000",
  },
  {
    path: "/proc/sys/kernel/unprivileged_userns_clone",
    forbids: "0",
    allow: "kernel.unprivileged_userns_clone=1",
  },
  {
    path: "/proc/sys/kernel/apparmor_restrict_unprivileged_userns",
    forbids: "1",
    allow: "kernel.apparmor_restrict_unprivileged_userns=0",
  },
] as const;

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
  if ((await userNamespace({ processes })) === undefined) throw await forbidden();
}

/** Why this user has no user namespace, and what allows it. */
export async function forbidden(said = ""): Promise<VirtError> {
  for (const { path, forbids, allow } of switches) {
    const value = await readFile(path, "utf8").catch(() => "");
    if (value.trim() !== forbids) continue;
    return lacking(
      `this host forbids user namespaces to ordinary users (${path} is ${forbids})`,
      `As root: sysctl -w ${allow}, and the same in a file of /etc/sysctl.d; or run as root.`,
    );
  }
  const why = said.trim() === "" ? "" : `: ${said.trim().slice(-300)}`;
  return lacking(
    `this user can't have user namespaces${why}`,
    "See user_namespaces(7) for what may forbid them, such as a container without them; or run as root.",
  );
}

function lacking(what: string, hint: string): VirtError {
  return new VirtError("HOST_REQUIREMENT", `a network of an ordinary user's own: ${what}`, {
    hint,
  });
}
