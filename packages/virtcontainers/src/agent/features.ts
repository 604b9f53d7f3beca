import type { Cmd } from "../config/cmd.ts";
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

/** The feature that an agent names if it ends its machine when its time is over, or when nobody uses it. */
export const lifetimeFeature = "lifetime";
/** The feature that an agent names if it runs health checks. */
export const healthFeature = "health";

/** An agent that is not this project's: what the contract leaves open is done as the field's own agent does it. */
export function isForeign({
  config,
  agentFeatures,
}: Pick<StoredSandbox, "config" | "agentFeatures">): boolean {
  return config.agentType !== "noop" && !agentFeatures.includes(extensionFeature);
}

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

/** How the guest wires a process: to callers, or to the log if it is detached. NOT_SUPPORTED where there is no log. */
export function portsFor(
  cmd: Cmd,
  sandbox: Pick<StoredSandbox, "id" | "config" | "agentFeatures">,
): { stdinPort: number; stdoutPort: number; stderrPort: number } {
  if (cmd.detach && isForeign(sandbox)) {
    throw new VirtError(
      "NOT_SUPPORTED",
      "the agent of this guest keeps no log of what is detached",
      {
        sandboxId: sandbox.id,
        field: "cmd.detach",
        hint: "Leave detach out and read the streams of the process, or use this project's guest.",
      },
    );
  }
  if (!sandbox.agentFeatures.includes(extensionFeature))
    return { stdinPort: 0, stdoutPort: 0, stderrPort: 0 };
  const output = cmd.detach ? toLog : 0;
  return { stdinPort: cmd.interactive ? 0 : nowhere, stdoutPort: output, stderrPort: output };
}
