import { VirtError } from "../../errors.ts";
import type { Context } from "../../operation/context.ts";

/** Debian keeps virtiofsd out of PATH. */
const paths = ["/usr/lib/qemu/virtiofsd", "/usr/libexec/virtiofsd", "virtiofsd"];

/** Whose flags a virtiofsd takes: those of the one that came with QEMU up to 7.2, or of its successor in Rust. */
export type DaemonKind = "c" | "rust";

export interface DaemonProgram {
  path: string;
  kind: DaemonKind;
}

const versionMs = 10_000;

/** The virtiofsd of this host, and whose flags it takes. HOST_REQUIREMENT if there is none, or it can't be told. */
export async function findProgram(
  context: Context,
  chosen: string | undefined,
): Promise<DaemonProgram> {
  const path = await findPath(context, chosen);
  const { stdout, stderr } = await context.host.processes.run(path, ["--version"], {
    timeoutMs: versionMs,
  });
  const kind = kindOf(stdout);
  if (kind !== undefined) return { path, kind };
  const said = `${stdout}\n${stderr}`.trim().split("\n", 1)[0] || "nothing";
  throw new VirtError(
    "HOST_REQUIREMENT",
    `${path} is no virtiofsd that is known: asked for its version it says ${said}`,
    {
      field: chosen === undefined ? undefined : "hypervisorConfig.virtioFSDaemon",
      hint: "Install the package qemu-system-common (Debian 12) or virtiofsd.",
    },
  );
}

export function kindOf(version: string): DaemonKind | undefined {
  if (/^virtiofsd version \d/.test(version)) return "c";
  return /^virtiofsd \d+\.\d+/.test(version) ? "rust" : undefined;
}

async function findPath(context: Context, chosen: string | undefined): Promise<string> {
  for (const name of chosen === undefined ? paths : [chosen]) {
    const path = await context.host.processes.which(name);
    if (path !== undefined) return path;
  }
  throw new VirtError(
    "HOST_REQUIREMENT",
    `${chosen ?? "virtiofsd"} is missing, which shares folders with the guest`,
    {
      field: chosen === undefined ? undefined : "hypervisorConfig.virtioFSDaemon",
      hint: "Install the package qemu-system-common (Debian 12) or virtiofsd.",
    },
  );
}
