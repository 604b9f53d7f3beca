/** How many of one method's requests are kept. */
const kept = 32;

/** The last requests of each method, for tests to look at. */
export class Requests {
  readonly #byMethod = new Map<string, unknown[]>();

  record(method: string, request: unknown): void {
    const list = this.#byMethod.get(method) ?? [];
    list.push(request);
    if (list.length > kept) list.shift();
    this.#byMethod.set(method, list);
  }

  of(method: string): readonly unknown[] {
    return [...(this.#byMethod.get(method) ?? [])];
  }
}
