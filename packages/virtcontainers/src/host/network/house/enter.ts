import { VirtError } from "../../../errors.ts";
import type { Command, Processes } from "../../host.ts";
import type { ProcessIdentity } from "../../process-identity.ts";

const ofProcess = /^\/proc\/(\d+|self|thread-self)\/ns\/net$/;

/** How this process sees what is mounted on `path` in a house. */
export function seenFrom(holder: ProcessIdentity | undefined, path: string): string {
  return holder === undefined || path.startsWith("/proc/")
    ? path
    : `/proc/${holder.pid}/root${path}`;
}

/** True for a namespace that is named by one of its processes: it is in no house of ours. */
export function isOfProcess(namespace: string): boolean {
  return ofProcess.test(namespace);
}

/** The command that runs another as root of the user namespace that owns a network namespace, and in that. HOST_REQUIREMENT. */
export async function entering(
  processes: Pick<Processes, "which">,
  holder: ProcessIdentity | undefined,
  namespace: string | undefined,
  { path, args }: Pick<Command, "path" | "args">,
): Promise<Command> {
  const nsenter = await processes.which("nsenter");
  if (nsenter === undefined)
    throw new VirtError("HOST_REQUIREMENT", "nsenter is missing", {
      hint: "Install it; Debian: sudo apt install util-linux.",
    });
  const where = placeOf(holder, namespace);
  return { path: nsenter, args: ["--preserve-credentials", ...where, "--", path, ...args] };
}

function placeOf(holder: ProcessIdentity | undefined, namespace: string | undefined): string[] {
  if (namespace !== undefined && isOfProcess(namespace))
    return [`--user=${namespace.replace(/net$/, "user")}`, `--net=${namespace}`];
  const house = ["--target", String(holder?.pid), "--user", "--mount"];
  return namespace === undefined
    ? [...house, "--net"]
    : [...house, `--net=${seenFrom(holder, namespace)}`];
}
