import type { Cmd } from "../config/container.ts";
import { VirtError } from "../errors.ts";
import type { StoredSandbox } from "../store/schema.ts";

/** The feature that an agent names if it has this project's extension. */
export const extensionFeature = "virtcontainers";

/** The feature that an agent names if it can list all processes of a container. */
export const processesFeature = "processes";

/** The feature that an agent names if it takes files that all containers of a sandbox have, such as /etc/hosts. */
export const filesFeature = "files";

/** The feature that an agent names if it fills volumes with what a root has in their place. */
export const fillFeature = "fill";

/** The feature of an agent that can be told to kill what it is only about to start. */
export const cancelExecFeature = "cancel-exec";

/** Throws NOT_SUPPORTED if the agent of this guest has no such extension. */
export function assertExtension(sandbox: StoredSandbox, doing: string): void {
  if (sandbox.agentFeatures.includes(extensionFeature)) return;
  throw new VirtError("NOT_SUPPORTED", `the agent of this guest can't ${doing}`, {
    sandboxId: sandbox.id,
  });
}

/** Values of the stream ports that this project's agent gives a meaning to. */
const toLog = 0xffff_fffe;
const nowhere = 0xffff_ffff;

/** How the guest wires a process: to callers, or to the log if it is detached. */
export function portsFor(
  cmd: Cmd,
  features: readonly string[],
): { stdinPort: number; stdoutPort: number; stderrPort: number } {
  if (!features.includes(extensionFeature)) return { stdinPort: 0, stdoutPort: 0, stderrPort: 0 };
  const output = cmd.detach ? toLog : 0;
  return { stdinPort: cmd.interactive ? 0 : nowhere, stdoutPort: output, stderrPort: output };
}
