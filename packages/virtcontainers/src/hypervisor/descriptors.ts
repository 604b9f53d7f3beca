import { constants } from "node:fs";
import { open } from "node:fs/promises";

/** Open files that a VMM inherits, each by a name; what stands in its arguments is the number it has there. */
export class Descriptors implements AsyncDisposable {
  readonly #entries = new Map<string, { fd: number; close(): Promise<void> }>();

  /** Adds an open file that is closed here once the VMM has it. */
  add(name: string, file: { fd: number; close(): Promise<void> }): void {
    if (this.#entries.has(name)) throw new Error(`two descriptors have the name ${name}`);
    this.#entries.set(name, { fd: file.fd, close: () => file.close() });
  }

  /** What the VMM writes to in vain. Opened here, so that its user needs no right to the device. */
  async addSink(name: string): Promise<void> {
    this.add(name, await open("/dev/null", constants.O_WRONLY));
  }

  /** In this process, in the order in which the VMM gets them. */
  get inherited(): number[] {
    return [...this.#entries.values()].map(({ fd }) => fd);
  }

  /** The number that each has in the VMM, after the three standard ones. */
  get numbers(): ReadonlyMap<string, number> {
    return new Map([...this.#entries.keys()].map((name, index) => [name, 3 + index]));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { close } of this.#entries.values()) await close();
    this.#entries.clear();
  }
}
