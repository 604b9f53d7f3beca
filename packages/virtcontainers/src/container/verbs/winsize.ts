import { assertReachable, type Verb } from "../../operation/run-verb.ts";
import { integer, parse } from "../../validate.ts";
import { execIdOf } from "./enter.ts";

/** Tells a process's terminal its size. */
export function winsizeProcess(
  containerId: string,
  processId: string,
  height: number,
  width: number,
): Verb<void> {
  parse(integer(1, 65535, "rows"), height, "height");
  parse(integer(1, 65535, "columns"), width, "width");
  return async (operation) => {
    assertReachable(operation, "resize a terminal in", containerId);
    const agent = await operation.agent();
    const execId = execIdOf(containerId, processId);
    await agent.resizeTerminal(containerId, execId, height, width, operation.signal);
  };
}
