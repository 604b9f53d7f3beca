import type { OutputTarget } from "../../agent/agent.ts";
import type { Cmd } from "../../config/container.ts";
import type { Container } from "../../container/container.ts";
import type { IOOffsets, IOStream } from "../../container/process/io.ts";
import type { Process } from "../../container/verbs/enter.ts";
import type { CallOptions } from "../../deadline.ts";
import type { Signal } from "../../signals.ts";
import type { Sandbox } from "../sandbox/sandbox.ts";
import { ContainersById } from "./containers.ts";

/** The methods of a VirtContainers that concern processes. */
export abstract class ProcessesById extends ContainersById {
  async enterContainer(
    sandboxId: string,
    containerId: string,
    cmd: Cmd,
    options: CallOptions = {},
  ): Promise<{ sandbox: Sandbox; container: Container; process: Process }> {
    return await this.withSandbox(sandboxId, options, (sandbox) =>
      sandbox.enterContainer(containerId, cmd, options),
    );
  }

  async killContainer(
    sandboxId: string,
    containerId: string,
    signal: Signal,
    all = false,
    options: CallOptions = {},
  ): Promise<void> {
    await this.use(sandboxId, options, (sandbox) =>
      sandbox.killContainer(containerId, signal, all, options),
    );
  }

  async waitProcess(
    sandboxId: string,
    containerId: string,
    processId: string,
    options: CallOptions = {},
  ): Promise<number> {
    return await this.use(sandboxId, options, (sandbox) =>
      sandbox.waitProcess(containerId, processId, options),
    );
  }

  async signalProcess(
    sandboxId: string,
    containerId: string,
    processId: string,
    signal: Signal,
    all = false,
    options: CallOptions = {},
  ): Promise<void> {
    await this.use(sandboxId, options, (sandbox) =>
      sandbox.signalProcess(containerId, processId, signal, all, options),
    );
  }

  async winsizeProcess(
    sandboxId: string,
    containerId: string,
    processId: string,
    height: number,
    width: number,
    options: CallOptions = {},
  ): Promise<void> {
    await this.use(sandboxId, options, (sandbox) =>
      sandbox.winsizeProcess(containerId, processId, height, width, options),
    );
  }

  /** Where the output of a process goes from now on, for a reader that leaves. */
  async setOutput(
    sandboxId: string,
    containerId: string,
    processId: string,
    target: OutputTarget,
    options: CallOptions = {},
  ): Promise<void> {
    await this.use(sandboxId, options, (sandbox) =>
      sandbox.setOutput(containerId, processId, target, options),
    );
  }

  /** The connection is given back when stdout and stderr have been closed. */
  async ioStream(
    sandboxId: string,
    containerId: string,
    processId: string,
    options: CallOptions & IOOffsets = {},
  ): Promise<IOStream> {
    const { io } = await this.lend(sandboxId, options, async (sandbox) => ({
      io: await sandbox.ioStream(containerId, processId, options),
    }));
    return io;
  }
}
