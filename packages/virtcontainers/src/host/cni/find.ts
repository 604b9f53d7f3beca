import { delimiter, isAbsolute, join } from "node:path";
import { VirtError } from "../../errors.ts";
import type { Host } from "../host.ts";
import { assertTrusted } from "../trusted.ts";

const usual = ["/opt/cni/bin", "/usr/libexec/cni", "/usr/lib/cni"];

/** A plugin's `type` names a file of a plugin folder, and never leads out of it. */
export const pluginType = /^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,62}$/;

/** Where plugins are: what CNI_PATH says, else the folders that the field uses. */
export function pluginFolders(env: NodeJS.ProcessEnv): string[] {
  const given = (env.CNI_PATH ?? "").split(delimiter).filter((folder) => isAbsolute(folder));
  return given.length > 0 ? given : usual;
}

/** Whether a plugin is in one of the folders. */
export async function hasPlugin(
  { processes }: Pick<Host, "processes">,
  type: string,
  folders: readonly string[],
): Promise<boolean> {
  if (!pluginType.test(type)) return false;
  for (const folder of folders)
    if ((await processes.which(join(folder, type))) !== undefined) return true;
  return false;
}

/** The path of a plugin's executable. HOST_REQUIREMENT, also where others could have put it there. */
export async function findPlugin(
  host: Host,
  type: string,
  folders: readonly string[],
): Promise<string> {
  for (const folder of folders) {
    const path = join(folder, type);
    if (!pluginType.test(type) || (await host.processes.which(path)) === undefined) continue;
    assertTrusted(path);
    return path;
  }
  throw new VirtError(
    "HOST_REQUIREMENT",
    `the CNI plugin ${type} is not installed: it is not in ${folders.join(", ")}`,
    {
      hint: "Install it (Debian: apt-get install containernetworking-plugins, and golang-github-containernetworking-plugin-dnsname for dnsname), or set CNI_PATH.",
    },
  );
}
