import * as v from "valibot";
import type { OutputTarget } from "../../agent/agent.ts";
import { assertExtension } from "../../agent/features.ts";
import type { Cmd } from "../../config/container.ts";
import { type Container, containerView } from "../../container/container.ts";
import {
  endWithShare,
  type IOOffsets,
  type IOStream,
  openStreams,
} from "../../container/process/io.ts";
import { enterContainer, execIdOf, type Process } from "../../container/verbs/enter.ts";
import { signalProcess } from "../../container/verbs/kill.ts";
import { waitProcess } from "../../container/verbs/wait.ts";
import type { CallOptions } from "../../deadline.ts";
import { assertReachable } from "../../operation/operate.ts";
import type { Signal } from "../../signals.ts";
import { assertShare } from "../../storage/virtiofs/daemon.ts";
import { integer, parse } from "../../validate.ts";
import { SandboxContainers } from "./containers.ts";

/** The methods of a Sandbox that concern the processes in its containers. */
export abstract class SandboxProcesses extends SandboxContainers {
  /** Runs a further command in a running container; its streams come from ioStream. */
  async enterContainer(
    id: string,
    cmd: Cmd,
    options: CallOptions = {},
  ): Promise<{ container: Container; process: Process }> {
    return await this.operate("enterContainer", "shared", options, async (operation) => {
      const process = await enterContainer(operation, id, cmd);
      return { container: containerView(this.id, operation.container(id)), process };
    });
  }

  async killContainer(
    id: string,
    signal: Signal,
    all = false,
    options: CallOptions = {},
  ): Promise<void> {
    await this.signalProcess(id, id, signal, all, options);
  }

  /** Waits for a process; no deadline unless one is given. The exit code, or 128 + the signal's number. */
  async waitProcess(
    containerId: string,
    processId: string,
    options: CallOptions = {},
  ): Promise<number> {
    return await this.operate(
      "waitProcess",
      "moment",
      options,
      (operation) => waitProcess(operation, containerId, processId),
      undefined,
    );
  }

  async signalProcess(
    containerId: string,
    processId: string,
    signal: Signal,
    all = false,
    options: CallOptions = {},
  ): Promise<void> {
    await this.operate("signalProcess", "shared", options, (operation) =>
      signalProcess(operation, containerId, processId, signal, all),
    );
  }

  /** Tells a process's terminal its size: rows and columns, 1 to 65535. */
  async winsizeProcess(
    containerId: string,
    processId: string,
    height: number,
    width: number,
    options: CallOptions = {},
  ): Promise<void> {
    parse(integer(1, 65535, "rows"), height, "height");
    parse(integer(1, 65535, "columns"), width, "width");
    await this.operate("winsizeProcess", "shared", options, async (operation) => {
      assertReachable(operation, "resize a terminal in", containerId);
      const agent = await operation.agent();
      const execId = execIdOf(containerId, processId);
      await agent.resizeTerminal(containerId, execId, height, width, operation.signal);
    });
  }

  /**
   * The streams of a process that is not detached. They end with the process, or when this object is released.
   * A connection that breaks is made anew, and output goes on where it was. With `stdoutOffset` or
   * `stderrOffset` it begins there: reading then asks for no more than was taken, and another process can go
   * on at the offset of the last piece. INVALID_ARGUMENT for what was acknowledged, by asking for what follows.
   */
  async ioStream(
    containerId: string,
    processId: string,
    options: CallOptions & IOOffsets = {},
  ): Promise<IOStream> {
    const { stdoutOffset, stderrOffset } = options;
    for (const [name, value] of Object.entries({ stdoutOffset, stderrOffset }))
      parse(v.optional(integer(0, Number.MAX_SAFE_INTEGER, "bytes")), value, name);
    return await this.operate("ioStream", "moment", options, async (operation) => {
      assertReachable(operation, "reach the streams of a process in", containerId);
      const container = operation.container(containerId);
      await assertShare(operation, container);
      const execId = execIdOf(containerId, processId);
      const io = await openStreams(operation, containerId, execId, options);
      return endWithShare(operation, container, io);
    });
  }

  /** Where the output of a process goes from now on, for a reader that leaves. */
  async setOutput(
    containerId: string,
    processId: string,
    target: OutputTarget,
    options: CallOptions = {},
  ): Promise<void> {
    await this.operate("setOutput", "shared", options, async (operation) => {
      assertReachable(operation, "redirect the output of a process in", containerId);
      assertExtension(operation.sandbox, "redirect output");
      const agent = await operation.agent();
      await agent.setOutput(
        containerId,
        execIdOf(containerId, processId),
        target,
        operation.signal,
      );
    });
  }
}
