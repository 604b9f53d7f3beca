import type { SandboxConfig } from "../config/sandbox.ts";
import { isVirtError } from "../errors.ts";
import type { Context } from "../operation/context.ts";
import { findProgram } from "./virtiofs/program.ts";
import { canMountInside } from "./virtiofs/user-namespace.ts";

/**
 * Why this user can't share folders over virtio-fs, or undefined if he can: root mounts on the host, others in
 * namespaces of their own, for which only the virtiofsd in Rust serves.
 */
export async function whyUserCannotShare(
  context: Context,
  { hypervisorConfig }: Pick<SandboxConfig, "hypervisorConfig">,
): Promise<string | undefined> {
  if (context.host.uid === 0) return undefined;
  try {
    const { kind, path } = await findProgram(context, hypervisorConfig?.virtioFSDaemon);
    if (kind !== "rust")
      return `${path} serves root alone: an ordinary user needs the virtiofsd in Rust (Debian 13: virtiofsd)`;
  } catch (error) {
    if (isVirtError(error, "HOST_REQUIREMENT")) return error.message;
    throw error;
  }
  if (await canMountInside(context.host)) return undefined;
  return "this user can't have user namespaces, in which to mount";
}
