import type { TestInstance } from "../../../src/testing/index.ts";

/** The processes that run in the guest of a sandbox beside the first one of its container `c1`. */
export function runningExecs(instance: TestInstance, sandboxId: string): string[] {
  const execs = instance.agent(sandboxId).containers.get("c1")?.execs.values() ?? [];
  return [...execs].filter((p) => p.exitCode === undefined).map((p) => p.execId);
}
