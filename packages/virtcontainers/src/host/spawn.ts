import { type ChildProcess, spawn } from "node:child_process";
import { accessSync, constants } from "node:fs";
import { open } from "node:fs/promises";
import { VirtError } from "../errors.ts";
import { hostError, isErrno } from "./errno.ts";
import type { SpawnedProcess, SpawnOptions } from "./host.ts";
import { identifyChild } from "./identity.ts";
import type { Libc } from "./libc.ts";
import { inNamespace, inNewNamespace } from "./network/enter.ts";

const appendFlags =
  constants.O_WRONLY |
  constants.O_APPEND |
  constants.O_CREAT |
  constants.O_NOFOLLOW |
  // A pipe that a VMM has put there waits for nobody.
  constants.O_NONBLOCK;

/** Starts a process that leads its own session and outlives this one. */
export async function spawnDetached(
  libc: () => Libc,
  options: SpawnOptions,
): Promise<SpawnedProcess> {
  const output = await open(options.outputPath, appendFlags, 0o600).catch((error: unknown) => {
    throw hostError(error, `opening ${options.outputPath}`);
  });
  try {
    if (!(await output.stat()).isFile())
      throw hostError(new Error("it is no ordinary file"), `opening ${options.outputPath}`);
    const [path, ...args] = launchCommand(options);
    const start = (): ChildProcess =>
      spawn(path, args, {
        cwd: options.cwd,
        env: { ...(options.env ?? { PATH: process.env.PATH ?? "", LC_ALL: "C" }) },
        ...(options.uid !== undefined && { uid: options.uid }),
        ...(options.gid !== undefined && { gid: options.gid }),
        detached: true,
        stdio: ["ignore", output.fd, output.fd, ...(options.inheritedFds ?? [])],
      });
    const child =
      options.withoutNetwork === true
        ? inNewNamespace(libc(), start)
        : inNamespace(libc, options.networkNamespace, start);
    const { pid } = child;
    if (pid === undefined) {
      throw spawnError(
        await new Promise<Error>((resolve) => child.once("error", resolve)),
        options.path,
      );
    }
    // A child is reaped by the event loop, so as long as this code runs its entry in /proc is there.
    const identity = identifyChild(pid);
    const exited: SpawnedProcess["exited"] = new Promise((resolve) => {
      child.once("exit", (code, signal) => resolve({ code, signal }));
    });
    return { ...identity, exited, unref: () => child.unref() };
  } finally {
    await output.close();
  }
}

/**
 * `ulimit` counts blocks of 512 bytes. A write past the limit is to fail, not to end the process by SIGXFSZ. What the
 * process makes, sockets above all, is for its user alone.
 */
const limiter = 'umask 177 && trap "" XFSZ && ulimit -S -f "$1" && shift && exec "$@"';

/** The command that becomes, after what is to be set for it, the wanted one. */
export function launchCommand(
  options: Pick<SpawnOptions, "path" | "args" | "maxFileBytes" | "seLinuxLabel">,
): [string, ...string[]] {
  const { path, args, maxFileBytes, seLinuxLabel } = options;
  const wanted: [string, ...string[]] =
    seLinuxLabel === undefined ? [path, ...args] : ["runcon", seLinuxLabel, path, ...args];
  if (maxFileBytes === undefined) return wanted;
  const blocks = Math.ceil(maxFileBytes / 512);
  return ["/bin/sh", "-c", limiter, "sh", String(blocks), ...wanted];
}

/** Why an executable could not be started, as one of our errors. */
export function spawnError(error: unknown, path: string): VirtError {
  if (isErrno(error, "ENOENT", "EACCES", "ENOEXEC", "ENOTDIR")) {
    return new VirtError("HOST_REQUIREMENT", `${path} can't be executed: ${whyNot(path, error)}`, {
      cause: error,
      hint: "Install it, or correct its path; `virtc check` lists what this host lacks.",
    });
  }
  return hostError(error, `starting ${path}`);
}

function whyNot(path: string, error: unknown): string {
  try {
    accessSync(path, constants.X_OK);
  } catch (reason) {
    return isErrno(reason, "ENOENT", "ENOTDIR") ? "there is no such file" : "it is not executable";
  }
  return error instanceof Error ? error.message : String(error);
}
