import { type Container, containerView } from "../container/container.ts";
import type { CallOptions } from "../deadline.ts";
import { keepNetwork } from "../network/keep.ts";
import type { Connection } from "../operation/connection.ts";
import type { Context } from "../operation/context.ts";
import { runVerb, type Verb, type VerbOptions } from "../operation/run-verb.ts";
import { updateCopies } from "../sandbox/update-copies.ts";
import { FolderWatch } from "../storage/copies/watched/watch.ts";
import type { StoredSandbox } from "../store/schema.ts";

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
  async run<T>(how: VerbOptions, options: CallOptions, verb: Verb<T>): Promise<T> {
    try {
      const kept = { ...how, first: keepNetwork };
      return await runVerb(this.context, this.connection, this.id, kept, options, (operation) => {
        this.#stored = operation.sandbox;
        return verb(operation);
      });
    } finally {
      this.#folders.follow(this.#stored);
    }
  }

  /** Lets go of what this process holds of the sandbox. */
  async release(): Promise<void> {
    await this.#folders.close();
    await this.connection.close();
  }

  async #updateCopies(signal: AbortSignal): Promise<StoredSandbox> {
    const verb = { name: "updateCopies", holding: "shared" } as const;
    return await runVerb(this.context, this.connection, this.id, verb, { signal }, updateCopies);
  }
}
