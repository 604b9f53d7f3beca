import type { CallOptions } from "../../deadline.ts";
import { VirtError } from "../../errors.ts";
import type { Verb, VerbOptions } from "../../operation/run-verb.ts";

/** The sandbox that a command runs in, held for each thing that is done with it. */
export interface ExecSandbox {
  readonly id: string;
  containers(): readonly { readonly id: string }[];
  run<T>(how: VerbOptions, options: CallOptions, verb: Verb<T>): Promise<T>;
}

/** Where a command runs that names no container. CONTAINER_NOT_FOUND. */
export function defaultContainer(sandbox: ExecSandbox): string {
  const containers = sandbox.containers();
  const found = containers.find((container) => container.id === "main") ?? containers[0];
  if (found !== undefined) return found.id;
  throw new VirtError("CONTAINER_NOT_FOUND", `sandbox ${sandbox.id} has no container`, {
    sandboxId: sandbox.id,
  });
}
