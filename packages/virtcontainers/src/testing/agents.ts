import type { TestAgent } from "./agent/agent.ts";

/** Of so many sandboxes whose VM has ended, the agent can still be asked what it was told. */
const keptEnded = 16;

/** The agents of an instance's machines, by what they are asked for. */
export class Agents {
  readonly #bySandbox = new Map<string, TestAgent>();
  readonly #byMarker = new Map<string, TestAgent>();
  readonly #ended: { sandboxId: string; agent: TestAgent }[] = [];

  add(
    { sandboxId, marker, gone }: { sandboxId: string; marker: string; gone: Promise<unknown> },
    agent: TestAgent,
  ): void {
    this.#bySandbox.set(sandboxId, agent);
    this.#byMarker.set(marker, agent);
    gone.then(() => {
      this.#byMarker.delete(marker);
      this.#ended.push({ sandboxId, agent });
      if (this.#ended.length > keptEnded) this.#forget(this.#ended.shift());
    });
  }

  /** The agent in the newest VM of a sandbox. */
  of(sandboxId: string): TestAgent | undefined {
    return this.#bySandbox.get(sandboxId);
  }

  /** The agent in the machine that was started with a marker, while it runs. */
  in(marker: string): TestAgent | undefined {
    return this.#byMarker.get(marker);
  }

  #forget(ended: { sandboxId: string; agent: TestAgent } | undefined): void {
    if (ended === undefined || this.#bySandbox.get(ended.sandboxId) !== ended.agent) return;
    this.#bySandbox.delete(ended.sandboxId);
  }
}
