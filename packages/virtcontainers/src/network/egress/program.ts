import { statSync } from "node:fs";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { VirtError } from "../../errors.ts";
import type { Host } from "../../host/host.ts";
import { scriptArguments } from "../script.ts";

const memoryMiB = 128;
const capability = "net_admin";

/** The command that becomes the helper, with no privilege but one; root's is a user of its own. */
export async function helperCommand(
  host: Host,
  uid: number,
): Promise<{ path: string; args: string[] }> {
  const path = await host.processes.which("setpriv");
  if (path === undefined)
    throw new VirtError(
      "HOST_REQUIREMENT",
      "the tool setpriv is missing, which an egress policy needs",
      {
        hint: "Install it; Debian: sudo apt install util-linux.",
      },
    );
  const script = scriptArguments({
    built: new URL("./egress-helper.js", import.meta.url),
    source: new URL("./helper/main.ts", import.meta.url),
  });
  // In a namespace of an ordinary user there is no other user than himself.
  const other = [`--reuid=${uid}`, `--regid=${uid}`, "--clear-groups"];
  const privileges = [
    ...(host.network.apart ? [] : other),
    "--no-new-privs",
    `--bounding-set=-all,+${capability}`,
    `--inh-caps=-all,+${capability}`,
    `--ambient-caps=-all,+${capability}`,
  ];
  return {
    path,
    args: [...privileges, process.execPath, `--max-old-space-size=${memoryMiB}`, ...script],
  };
}

/** True if any user can run the helper: Node.js may be in somebody's home. */
export function isForAll(): boolean {
  const files = [process.execPath, fileURLToPath(import.meta.url)];
  return files.every((file) => {
    for (let path = file; path !== "/"; path = dirname(path))
      if ((statSync(path).mode & 0o005) !== 0o005 && path !== file) return false;
    return (statSync(file).mode & 0o004) !== 0;
  });
}
