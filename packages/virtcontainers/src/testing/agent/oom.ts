/** OOM events on their way to whoever asks for the next one; each is told once. */
export class OomEvents {
  readonly #events: string[] = [];
  readonly #waiting: ((containerId: string) => void)[] = [];

  record(containerId: string): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#events.push(containerId);
    else next(containerId);
  }

  async next(signal: AbortSignal): Promise<string> {
    signal.throwIfAborted();
    const event = this.#events.shift();
    if (event !== undefined) return event;
    return await new Promise((resolve, reject) => {
      const finish = (act: () => void): void => {
        signal.removeEventListener("abort", onAbort);
        act();
      };
      const take = (id: string): void => finish(() => resolve(id));
      const onAbort = (): void => {
        this.#waiting.splice(this.#waiting.indexOf(take), 1);
        finish(() => reject(signal.reason));
      };
      this.#waiting.push(take);
      signal.addEventListener("abort", onAbort, { once: true });
    });
  }
}
