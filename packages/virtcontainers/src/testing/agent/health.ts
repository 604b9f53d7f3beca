import { setTimeout as sleep } from "node:timers/promises";
import type { MessageInitShape } from "@bufbuild/protobuf";
import {
  type HealthStateSchema,
  HealthStatus,
  type LogRecord,
  type SetHealthCheckRequest,
} from "@virtcontainers/agent-protocol";
import type { GuestProcess } from "./process.ts";

const mostResults = 5;
const longestOutput = 4096;
const names = {
  [HealthStatus.STARTING]: "starting",
  [HealthStatus.HEALTHY]: "healthy",
  [HealthStatus.UNHEALTHY]: "unhealthy",
} as const;

type Result = NonNullable<MessageInitShape<typeof HealthStateSchema>["results"]>[number];

/** What the check of a container needs of it. */
export interface Looked {
  id: string;
  /** Settles with its end. */
  ended: Promise<unknown>;
  isHalted(): boolean;
  /** A process of it that runs these words; throws as the agent does if there is no such program. */
  make(args: readonly string[]): GuestProcess;
  log(record: LogRecord): void;
}

/** The health check of one container: the same rules as the agent's. */
export class GuestHealth {
  readonly #check: SetHealthCheckRequest;
  #status: keyof typeof names = HealthStatus.STARTING;
  #streak = 0;
  #results: Result[] = [];

  constructor(check: SetHealthCheckRequest) {
    this.#check = check;
  }

  get state(): MessageInitShape<typeof HealthStateSchema> {
    return { status: this.#status, failingStreak: this.#streak, results: this.#results };
  }

  /** Looks at a container that has been started, until it ends. */
  async follow(looked: Looked): Promise<void> {
    const end = new AbortController();
    looked.ended.finally(() => end.abort());
    const began = Date.now();
    const isStarting = (): boolean =>
      this.#status === HealthStatus.STARTING &&
      Date.now() - began < Number(this.#check.startPeriodMs);
    for (;;) {
      const pause = isStarting() ? this.#check.startIntervalMs : this.#check.intervalMs;
      await sleep(Number(pause), undefined, { signal: end.signal, ref: false }).catch(() => {});
      if (end.signal.aborted) return;
      if (looked.isHalted()) continue;
      const result = await this.#run(looked);
      if (end.signal.aborted) return;
      this.#add(result, isStarting(), looked);
    }
  }

  async #run(looked: Looked): Promise<Result> {
    const beganAtNs = nowNs();
    const { exitCode, output } = await this.#outcome(looked);
    return { beganAtNs, endedAtNs: nowNs(), exitCode, output: output.slice(0, longestOutput) };
  }

  async #outcome(looked: Looked): Promise<{ exitCode: number; output: string }> {
    let process: GuestProcess;
    try {
      process = looked.make(this.#check.args);
    } catch (error) {
      return { exitCode: -1, output: error instanceof Error ? error.message : String(error) };
    }
    process.start();
    const limit = new AbortController();
    const late = sleep(Number(this.#check.timeoutMs), undefined, {
      signal: limit.signal,
      ref: false,
    }).then(
      () => true,
      () => false,
    );
    const output = Promise.all([readAll(process, "stdout"), readAll(process, "stderr")]);
    const exitCode = await Promise.race([process.exited, late.then(() => undefined)]);
    limit.abort();
    if (exitCode !== undefined) return { exitCode, output: (await output).join("") };
    process.signal(9);
    return {
      exitCode: -1,
      output: `the health check took longer than ${this.#check.timeoutMs}ms`,
    };
  }

  #add(result: Result, isStarting: boolean, looked: Looked): void {
    const before = this.#status;
    if (result.exitCode === 0) {
      this.#streak = 0;
      this.#status = HealthStatus.HEALTHY;
    } else if (!isStarting) {
      this.#streak++;
      if (this.#streak >= this.#check.retries) this.#status = HealthStatus.UNHEALTHY;
    }
    this.#results = [...this.#results, result].slice(-mostResults);
    if (this.#status === before) return;
    const health = names[this.#status];
    looked.log({ containerId: looked.id, execId: "", timeNs: nowNs(), stream: "health", health });
  }
}

async function readAll(process: GuestProcess, stream: "stdout" | "stderr"): Promise<string> {
  const pieces: Uint8Array[] = [];
  for (;;) {
    const piece = await process[stream].read(65_536, new AbortController().signal);
    if (piece.length === 0) return Buffer.concat(pieces).toString();
    if (pieces.length < longestOutput) pieces.push(piece);
  }
}

function nowNs(): bigint {
  return BigInt(Date.now()) * 1_000_000n;
}
