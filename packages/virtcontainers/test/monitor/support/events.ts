import { appendFileSync } from "node:fs";
import { encodeLogRecord, type LogRecord } from "@virtcontainers/agent-protocol/ports";
import type { VirtEvent } from "../../../src/index.ts";
import type { TestInstance } from "../../../src/testing/index.ts";
import { storedPath } from "../../support/stored.ts";

/** An event in few words: `c1 exited 3`, `sandbox created`. */
export function said({ type, containerId, exitCode }: VirtEvent): string {
  return [containerId ?? "sandbox", type, exitCode].filter((part) => part !== undefined).join(" ");
}

/** Takes events until one says `last`, gives all of them, and takes no more. */
export async function until(events: AsyncIterator<VirtEvent>, last: string): Promise<string[]> {
  const heard: string[] = [];
  for (;;) {
    const { value, done } = await events.next();
    if (done) throw new Error(`the events ended after ${heard.join(", ")}`);
    heard.push(said(value));
    if (said(value) !== last) continue;
    await events.return?.();
    return heard;
  }
}

/** What the guest of a sandbox writes to its log port. */
export function guestLogs(
  instance: TestInstance,
  id: string,
  record:
    | { containerId: string; stream: "oom" }
    | { containerId: string; stream: "exit"; status: number },
  timeNs = BigInt(Date.now()) * 1_000_000n,
): void {
  const whole: LogRecord = { execId: "", timeNs, ...record };
  appendFileSync(storedPath(instance, id, "vm/log.bin"), encodeLogRecord(whole));
}
