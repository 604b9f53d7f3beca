import type { OutputTarget } from "../../agent/agent.ts";
import { assertExtension } from "../../agent/features.ts";
import { assertReachable, type Verb } from "../../operation/run-verb.ts";
import { execIdOf } from "./enter.ts";

/** Where the output of a process goes from now on. */
export function setOutput(
  containerId: string,
  processId: string,
  target: OutputTarget,
): Verb<void> {
  return async (operation) => {
    assertReachable(operation, "redirect the output of a process in", containerId);
    assertExtension(operation.sandbox, "redirect output");
    const execId = execIdOf(containerId, processId);
    const agent = await operation.agent();
    await agent.setOutput(containerId, execId, target, operation.signal);
  };
}
