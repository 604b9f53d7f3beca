import type { CallOptions } from "../deadline.ts";
import { VirtError } from "../errors.ts";
import { Connection } from "../operation/connection.ts";
import type { Context } from "../operation/context.ts";
import { runVerb } from "../operation/run-verb.ts";
import { assertAllowed } from "../operation/state.ts";
import { id as idSchema, parse } from "../validate.ts";
import type { Created } from "./create.ts";
import { fetchSandbox } from "./fetch.ts";
import { resumeSandbox } from "./resume.ts";
import { statusSandbox } from "./status.ts";

/** Finds a sandbox that commands can be run in: one that is paused goes on, one whose VM has ended is SANDBOX_DEAD. */
export async function connectSandbox(
  context: Context,
  id: string,
  options: CallOptions,
): Promise<Created> {
  parse(idSchema, id, "sandboxId");
  const connection = new Connection(context, id);
  try {
    await (await fetchSandbox(context, id, options)).connection.close();
    const verb = { name: "connect", holding: "exclusive" } as const;
    const sandbox = await runVerb(context, connection, id, verb, options, async (operation) => {
      await statusSandbox(operation);
      if (operation.sandbox.state === "stopped") throw hasEnded(id);
      assertAllowed("connectSandbox", operation.sandbox);
      if (operation.sandbox.state === "paused") await resumeSandbox(operation);
      return operation.sandbox;
    });
    return { sandbox, connection };
  } catch (error) {
    await connection.close();
    throw error;
  }
}

function hasEnded(sandboxId: string): VirtError {
  return new VirtError("SANDBOX_DEAD", `the VM of sandbox ${sandboxId} has ended`, {
    sandboxId,
    hint: "Sandbox.fetch finds it as it is: start() boots it anew, delete() removes it.",
  });
}
