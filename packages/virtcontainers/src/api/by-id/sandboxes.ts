import type { ContainerStats } from "../../agent/stats.ts";
import type { SandboxConfig } from "../../config/sandbox.ts";
import type { CallOptions } from "../../deadline.ts";
import { Connection } from "../../operation/connection.ts";
import { operate, operation } from "../../operation/operate.ts";
import type { Resize } from "../../resources/resize-sandbox.ts";
import type { VmSize } from "../../resources/sums.ts";
import { createSandbox } from "../../sandbox/create.ts";
import { listSandboxes } from "../../sandbox/list.ts";
import { startSandbox } from "../../sandbox/start.ts";
import { type SandboxStats, statsOfAll } from "../../sandbox/stats.ts";
import type { SandboxStatus } from "../../sandbox/status.ts";
import { id as idSchema, parse } from "../../validate.ts";
import { Sandbox } from "../sandbox/sandbox.ts";
import { ById, type Force } from "./base.ts";

/** The methods of a VirtContainers that concern whole sandboxes. */
export abstract class SandboxesById extends ById {
  /** Boots a VM and creates the containers; state `ready`. Default deadline 300 s. */
  async createSandbox(config: SandboxConfig, options: CallOptions = {}): Promise<Sandbox> {
    const { sandbox, connection } = await createSandbox(this.context, config, options);
    return new Sandbox(this.context, sandbox, connection);
  }

  /** As createSandbox, and starts the containers; state `running`. `await using` deletes it at the end if `deleteOnDispose`. */
  async runSandbox(
    config: SandboxConfig,
    options: CallOptions & { deleteOnDispose?: boolean } = {},
  ): Promise<Sandbox> {
    const context = this.context;
    const { sandbox, connection } = await createSandbox(
      context,
      config,
      options,
      (created, deadline) =>
        startSandbox(operation(context, created.connection, created.sandbox, deadline)),
    );
    return new Sandbox(context, sandbox, connection, options.deleteOnDispose ?? false);
  }

  async startSandbox(id: string, options: CallOptions = {}): Promise<Sandbox> {
    return await this.change(id, options, (sandbox) => sandbox.start(options));
  }

  async stopSandbox(id: string, options: Force = {}): Promise<Sandbox> {
    return await this.change(id, options, (sandbox) => sandbox.stop(options));
  }

  /** Halts the VM of a running sandbox with all that is in it. */
  async pauseSandbox(id: string, options: CallOptions = {}): Promise<Sandbox> {
    return await this.change(id, options, (sandbox) => sandbox.pause(options));
  }

  async resumeSandbox(id: string, options: CallOptions = {}): Promise<Sandbox> {
    return await this.change(id, options, (sandbox) => sandbox.resume(options));
  }

  /** Gives the VM of a running sandbox another size, as Sandbox.resize. */
  async resizeSandbox(id: string, size: Resize, options: CallOptions = {}): Promise<VmSize> {
    return await this.use(id, options, (sandbox) => sandbox.resize(size, options));
  }

  /** Adds annotations, or gives those that are there other values. */
  async setAnnotations(
    id: string,
    annotations: Readonly<Record<string, string>>,
    options: CallOptions = {},
  ): Promise<void> {
    await this.use(id, options, (sandbox) => sandbox.setAnnotations(annotations, options));
  }

  /** A running sandbox is refused, unless `force` is set. */
  async deleteSandbox(id: string, options: Force = {}): Promise<void> {
    parse(idSchema, id, "sandboxId");
    const { deleteSandbox } = await import("../../sandbox/delete.ts");
    await deleteSandbox(this.context, new Connection(this.context, id), id, options);
  }

  async listSandbox(options: CallOptions = {}): Promise<SandboxStatus[]> {
    return await listSandboxes(this.context, options);
  }

  async statusSandbox(id: string, options: CallOptions = {}): Promise<SandboxStatus> {
    return await this.use(id, options, (sandbox) => sandbox.status(options));
  }

  /** What a running sandbox uses of the host, and its containers of the guest. */
  async statsSandbox(
    id: string,
    options: CallOptions = {},
  ): Promise<{ sandboxStats: SandboxStats; containerStats: ContainerStats[] }> {
    parse(idSchema, id, "sandboxId");
    const connection = new Connection(this.context, id);
    try {
      const verb = { name: "stats", holding: "shared" } as const;
      return await operate(this.context, connection, id, verb, options, statsOfAll);
    } finally {
      await connection.release();
    }
  }
}
