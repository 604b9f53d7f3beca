import type { HypervisorConfig } from "../../config/hypervisor.ts";
import type { DaemonKind } from "./program.ts";

type DaemonConfig = Pick<HypervisorConfig, "virtioFSCache" | "virtioFSExtraArgs">;

/** The arguments of a virtiofsd that serves a folder on its descriptor 3. */
export function daemonArguments(
  kind: DaemonKind,
  folder: string,
  { virtioFSCache: cache = "auto", virtioFSExtraArgs: extra = [] }: DaemonConfig,
): string[] {
  // 0 leaves the limit as it is: raising it needs a capability that containers often lack.
  const common = ["--fd=3", "--rlimit-nofile=0"];
  if (kind === "c") {
    const options = [`source=${folder}`, `cache=${cache}`, "sandbox=namespace"];
    const features = "xattr,announce_submounts";
    return [...common, "-f", ...[...options, features].flatMap((text) => ["-o", text]), ...extra];
  }
  return [
    ...common,
    `--shared-dir=${folder}`,
    `--cache=${cache === "none" ? "never" : cache}`,
    "--sandbox=namespace",
    "--xattr",
    "--announce-submounts",
    ...extra,
  ];
}
