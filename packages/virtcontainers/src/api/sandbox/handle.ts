import { type Container, containerView } from "../../container/container.ts";
import type { CallOptions } from "../../deadline.ts";
import type { Connection } from "../../operation/connection.ts";
import type { Context } from "../../operation/context.ts";
import { type Holding, type Operation, operate } from "../../operation/operate.ts";
import { refresh } from "../../operation/refresh.ts";
import { updateCopies } from "../../sandbox/update-copies.ts";
import { FolderWatch } from "../../storage/copies/watched/watch.ts";
import type { StoredContainer, StoredSandbox } from "../../store/schema.ts";

/** What the methods of a Sandbox stand on, whichever file they are in: one sandbox, seen from this process. */
export abstract class SandboxHandle {
  readonly id: string;
  // Private, so that a program that prints a Sandbox does not print these.
  readonly #context: Context;
  readonly #connection: Connection;
  readonly #folders: FolderWatch;
  #stored: StoredSandbox;

  constructor(context: Context, stored: StoredSandbox, connection: Connection) {
    this.id = stored.id;
    this.#context = context;
    this.#stored = stored;
    this.#connection = connection;
    this.#folders = new FolderWatch((signal) => this.#updateCopies(signal), context.logger);
    this.#folders.follow(stored);
  }

  protected get context(): Context {
    return this.#context;
  }

  protected get connection(): Connection {
    return this.#connection;
  }

  /** As this object last saw it. */
  protected get stored(): StoredSandbox {
    return this.#stored;
  }

  /** Runs a verb under the sandbox's lock and a deadline, and keeps what it read for the next look. */
  protected async operate<T>(
    name: string,
    holding: Holding,
    options: CallOptions,
    run: (operation: Operation) => Promise<T>,
    ...timeoutMs: [(number | undefined)?]
  ): Promise<T> {
    const verb =
      timeoutMs.length > 0 ? { name, holding, timeoutMs: timeoutMs[0] } : { name, holding };
    try {
      return await operate(this.#context, this.#connection, this.id, verb, options, (operation) => {
        this.#stored = operation.sandbox;
        return run(operation);
      });
    } finally {
      this.#folders.follow(this.#stored);
    }
  }

  /** Lets go of what this process holds of the sandbox. */
  protected async letGo(): Promise<void> {
    await this.#folders.close();
    await this.#connection.release();
  }

  async #updateCopies(signal: AbortSignal): Promise<StoredSandbox> {
    const verb = { name: "updateCopies", holding: "shared" } as const;
    return await operate(this.#context, this.#connection, this.id, verb, { signal }, updateCopies);
  }

  /** Runs a verb that changes one container, after a look at how it is now. */
  protected async changeContainer(
    name: string,
    id: string,
    options: CallOptions,
    verb: (operation: Operation, container: StoredContainer) => Promise<void>,
  ): Promise<Container> {
    return await this.operate(name, "exclusive", options, async (operation) => {
      await refresh(operation.context, operation.sandbox, operation.connection, operation.signal);
      const container = operation.container(id);
      await verb(operation, container);
      await operation.save();
      return containerView(this.id, container);
    });
  }
}
