import type { SandboxFile } from "../agent/agent.ts";
import { filesFeature } from "../agent/features.ts";
import { isReadOnly, type Mount } from "../config/mount.ts";
import type { OciMount } from "../config/oci/schema.ts";
import { sandboxFilePath } from "../storage/guest/paths.ts";
import type { StoredContainer, StoredSandbox } from "../store/schema.ts";
import { hostOf, hostsText } from "./hosts.ts";

/** Without a network a host finds itself here. */
const loopback = "127.0.0.1";

type Named = Pick<StoredSandbox, "hostname">;

/** What all containers of a sandbox have in /etc, and what is in it. */
const files: Readonly<Record<string, (sandbox: Named) => string>> = {
  hosts: ({ hostname }) => hostsText([hostOf(loopback, hostname)]),
  hostname: ({ hostname }) => `${hostname}\n`,
};

/** The files that the guest is given when it is told whose it is. */
export function sandboxFiles(sandbox: Named): SandboxFile[] {
  return Object.entries(files).map(([name, text]) => ({ name, text: text(sandbox) }));
}

/**
 * How a container gets these files. A specification of its own says all of its mounts; and no place is made for them in
 * a folder of the host, nor in what can't be written to.
 */
export function fileMounts(
  { config }: Pick<StoredContainer, "config">,
  { agentFeatures }: Pick<StoredSandbox, "agentFeatures">,
): OciMount[] {
  if (!agentFeatures.includes(filesFeature) || config.customSpec !== undefined) return [];
  const own = config.mounts ?? [];
  const safe = config.readonlyRootfs ? ["ro", "nosuid", "nodev", "noexec"] : [];
  return Object.keys(files)
    .map((name) => ({
      destination: `/etc/${name}`,
      type: "bind",
      source: sandboxFilePath(name),
      options: ["rbind", "rprivate", ...safe],
    }))
    .filter(({ destination }) => !own.some((mount) => takes(mount, destination)));
}

function takes(mount: Mount, destination: string): boolean {
  const place = `/${mount.destination.split("/").filter(isName).join("/")}`;
  if (place === destination) return true;
  if (!destination.startsWith(`${place}/`)) return false;
  return mount.type === "bind" || (mount.type !== "hugetlbfs" && isReadOnly(mount));
}

function isName(part: string): boolean {
  return part !== "" && part !== ".";
}
