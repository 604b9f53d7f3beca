import { type Container, containerView } from "../container/container.ts";
import type { CallOptions } from "../deadline.ts";
import type { Connection } from "../operation/connection.ts";
import type { Context } from "../operation/context.ts";
import { refresh } from "../operation/refresh.ts";
import { type Holding, type Operation, runVerb } from "../operation/run-verb.ts";
import { updateCopies } from "../sandbox/update-copies.ts";
import { FolderWatch } from "../storage/copies/watched/watch.ts";
import type { StoredContainer, StoredSandbox } from "../store/schema.ts";

/** What a Sandbox object holds: one sandbox, seen from this process, and the way to it. */
export class Session {
  readonly id: string;
  /** Each sandbox has another, whatever its id. */
  readonly token: string;
  readonly context: Context;
  readonly connection: Connection;
  readonly #folders: FolderWatch;
  #stored: StoredSandbox;

  constructor(context: Context, stored: StoredSandbox, connection: Connection) {
    this.id = stored.id;
    this.token = stored.token;
    this.context = context;
    this.connection = connection;
    this.#stored = stored;
    this.#folders = new FolderWatch((signal) => this.#updateCopies(signal), context.logger);
    this.#folders.follow(stored);
  }

  /** The sandbox as this object last saw it. */
  get stored(): StoredSandbox {
    return this.#stored;
  }

  /** Its containers as last seen. */
  containers(): Container[] {
    return this.#stored.containers.map((container) => containerView(this.id, container));
  }

  /** Runs a verb under the sandbox's lock and a deadline, and keeps what it read for the next look. */
  async run<T>(
    name: string,
    holding: Holding,
    options: CallOptions,
    run: (operation: Operation) => Promise<T>,
    ...timeoutMs: [(number | undefined)?]
  ): Promise<T> {
    const verb =
      timeoutMs.length > 0 ? { name, holding, timeoutMs: timeoutMs[0] } : { name, holding };
    try {
      return await runVerb(this.context, this.connection, this.id, verb, options, (operation) => {
        this.#stored = operation.sandbox;
        return run(operation);
      });
    } finally {
      this.#folders.follow(this.#stored);
    }
  }

  /** Runs a verb that changes one container, after a look at how it is now. */
  async change(
    name: string,
    containerId: string,
    options: CallOptions,
    verb: (operation: Operation, container: StoredContainer) => Promise<void>,
  ): Promise<Container> {
    return await this.run(name, "exclusive", options, async (operation) => {
      await refresh(operation.context, operation.sandbox, operation.connection, operation.signal);
      const container = operation.container(containerId);
      await verb(operation, container);
      await operation.save();
      return containerView(this.id, container);
    });
  }

  /** Lets go of what this process holds of the sandbox. */
  async release(): Promise<void> {
    await this.#folders.close();
    await this.connection.release();
  }

  async #updateCopies(signal: AbortSignal): Promise<StoredSandbox> {
    const verb = { name: "updateCopies", holding: "shared" } as const;
    return await runVerb(this.context, this.connection, this.id, verb, { signal }, updateCopies);
  }
}
