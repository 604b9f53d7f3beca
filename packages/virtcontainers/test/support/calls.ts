import { EventEmitter, once } from "node:events";
import type { AgentFault } from "../../src/testing/index.ts";

/** Tells how often the guest was asked for something: `asked` settles at the `count`-th call. */
export function watchCalls(method: string): {
  fault: AgentFault;
  asked(count: number): Promise<void>;
} {
  const calls = new EventEmitter();
  let seen = 0;
  const back = () => calls.emit("call", ++seen);
  const asked = async (count: number) => {
    while (seen < count) await once(calls, "call");
  };
  return { fault: { at: method, does: { kind: "call", back } }, asked };
}
