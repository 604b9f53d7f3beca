import { RunSandboxConfigSchema, type SandboxConfig } from "../config/sandbox.ts";
import type { CallOptions } from "../deadline.ts";
import type { Context } from "../operation/context.ts";
import { type Created, createSandbox } from "./create.ts";
import { startAll } from "./start.ts";

/** Creates a sandbox and starts its containers, in one operation. */
export async function runSandbox(
  context: Context,
  config: SandboxConfig,
  options: CallOptions,
): Promise<Created> {
  return await createSandbox(context, config, options, {
    schema: RunSandboxConfigSchema,
    afterwards: startAll,
  });
}
