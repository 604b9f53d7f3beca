import { filesFeature } from "../agent/features.ts";
import type { SandboxFile } from "../agent/files.ts";
import { isReadOnly, type Mount } from "../config/mount.ts";
import type { SandboxNetwork } from "../config/network/network.ts";
import type { OciMount } from "../config/oci/schema.ts";
import type { ResolvConf } from "../host/resolv-conf.ts";
import { sandboxFilePath } from "../storage/guest/paths.ts";
import type { StoredContainer, StoredSandbox } from "../store/schema.ts";
import { hostsText, noReach, type Reach, sandboxHosts } from "./hosts.ts";
import { type NetworkDns, resolvConfText } from "./resolv-conf.ts";

type Named = Pick<StoredSandbox, "hostname">;

/** What of a sandbox's networks, of its configuration and of this host its containers have in /etc. */
export interface NetworkView extends Reach {
  settings: Pick<SandboxNetwork, "dns" | "hosts">;
  /** Of each network. */
  dns: readonly NetworkDns[];
  host: ResolvConf;
}

type Text = (sandbox: Named, network: NetworkView | undefined) => string;

/** What all containers of a sandbox have in /etc, and what is in it. */
const files: Readonly<Record<string, Text>> = {
  hosts: ({ hostname }, network) =>
    hostsText(sandboxHosts(hostname, network?.settings.hosts ?? [], network ?? noReach)),
  hostname: ({ hostname }) => `${hostname}\n`,
  // Also where there is nobody to ask yet: a network may come.
  "resolv.conf": (_, network) =>
    network === undefined
      ? ""
      : resolvConfText(network.settings.dns ?? {}, network.dns, network.host),
};

/** The files that the guest is given when it is told whose it is, and whenever its networks change. INVALID_ARGUMENT. */
export function sandboxFiles(sandbox: Named, network?: NetworkView): SandboxFile[] {
  return Object.entries(files).map(([name, text]) => ({ name, text: text(sandbox, network) }));
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
