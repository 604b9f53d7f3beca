import type { IOStream } from "../../container/process/io.ts";
import { type CallOptions, Deadline } from "../../deadline.ts";
import { Connection } from "../../operation/connection.ts";
import type { Context } from "../../operation/context.ts";
import { defaultTimeoutMs } from "../../operation/operate.ts";
import { id as idSchema, parse } from "../../validate.ts";
import { createContext, type VirtContainersOptions } from "../create-context.ts";
import { Sandbox } from "../sandbox/sandbox.ts";

export type Force = CallOptions & { force?: boolean };

/** What the methods of a VirtContainers stand on, whichever file they are in. */
export abstract class ById {
  // Private, so that a program that prints an instance does not print it.
  readonly #context: Context;

  constructor(options: VirtContainersOptions = {}) {
    this.#context = createContext(options);
  }

  protected get context(): Context {
    return this.#context;
  }

  /** Finds an existing sandbox, whoever is at work on it. Release it, or take it with `await using`. */
  async fetchSandbox(id: string, options: CallOptions = {}): Promise<Sandbox> {
    parse(idSchema, id, "sandboxId");
    using deadline = new Deadline(options, defaultTimeoutMs, "fetch");
    const stored = await deadline.race(this.context.store.read(id));
    return new Sandbox(this.context, stored, new Connection(this.context, id));
  }

  /** Fetches, works, and hands the sandbox to the caller. */
  protected async withSandbox<T extends object>(
    id: string,
    options: CallOptions,
    work: (sandbox: Sandbox) => Promise<T>,
  ): Promise<T & { sandbox: Sandbox }> {
    const sandbox = await this.fetchSandbox(id, options);
    try {
      return { ...(await work(sandbox)), sandbox };
    } catch (error) {
      await sandbox.release();
      throw error;
    }
  }

  /** As withSandbox, for work that gives nothing. */
  protected async change(
    id: string,
    options: CallOptions,
    work: (sandbox: Sandbox) => Promise<void>,
  ): Promise<Sandbox> {
    const { sandbox } = await this.withSandbox(id, options, async (found) => {
      await work(found);
      return {};
    });
    return sandbox;
  }

  /** Fetches, works, and releases. */
  protected async use<T>(
    id: string,
    options: CallOptions,
    work: (sandbox: Sandbox) => Promise<T>,
  ): Promise<T> {
    await using sandbox = await this.fetchSandbox(id, options);
    return await work(sandbox);
  }

  /** Fetches, and releases when the streams that the work gives are closed, and what they belong to has ended. */
  protected async lend<T extends { io: IOStream; ended?: Promise<unknown> }>(
    id: string,
    options: CallOptions,
    work: (sandbox: Sandbox) => Promise<T>,
  ): Promise<T> {
    const lent = await this.withSandbox(id, options, work);
    const closed = [lent.io.stdout, lent.io.stderr].map(
      (stream) => new Promise((resolve) => stream.once("close", resolve)),
    );
    Promise.allSettled([...closed, lent.ended])
      .then(() => lent.sandbox.release())
      .catch(() => {});
    return lent;
  }
}
