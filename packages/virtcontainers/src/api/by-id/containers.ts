import type { ContainerStats } from "../../agent/stats.ts";
import type { ContainerConfig, LinuxResources } from "../../config/container.ts";
import type { Container } from "../../container/container.ts";
import type { ProcessListOptions } from "../../container/verbs/process-list.ts";
import type { CallOptions } from "../../deadline.ts";
import type { ContainerStatus } from "../../sandbox/status.ts";
import type { Sandbox } from "../sandbox/sandbox.ts";
import type { Force } from "./base.ts";
import { PodsById } from "./pods.ts";

/** The methods of a VirtContainers that concern one container. */
export abstract class ContainersById extends PodsById {
  async createContainer(
    sandboxId: string,
    config: ContainerConfig,
    options: CallOptions = {},
  ): Promise<{ sandbox: Sandbox; container: Container }> {
    return await this.withSandbox(sandboxId, options, async (sandbox) => ({
      container: await sandbox.createContainer(config, options),
    }));
  }

  async startContainer(
    sandboxId: string,
    containerId: string,
    options: CallOptions = {},
  ): Promise<Container> {
    return await this.use(sandboxId, options, (sandbox) =>
      sandbox.startContainer(containerId, options),
    );
  }

  async stopContainer(
    sandboxId: string,
    containerId: string,
    options: Force = {},
  ): Promise<Container> {
    return await this.use(sandboxId, options, (sandbox) =>
      sandbox.stopContainer(containerId, options),
    );
  }

  /** Changes limits of a container while it runs; what is not named stays. */
  async updateContainer(
    sandboxId: string,
    containerId: string,
    resources: LinuxResources,
    options: CallOptions = {},
  ): Promise<Container> {
    return await this.use(sandboxId, options, (sandbox) =>
      sandbox.updateContainer(containerId, resources, options),
    );
  }

  /** A running container is refused. */
  async deleteContainer(
    sandboxId: string,
    containerId: string,
    options: CallOptions = {},
  ): Promise<Container> {
    return await this.use(sandboxId, options, (sandbox) =>
      sandbox.deleteContainer(containerId, options),
    );
  }

  /** Freezes all processes of a running container. */
  async pauseContainer(
    sandboxId: string,
    containerId: string,
    options: CallOptions = {},
  ): Promise<Container> {
    return await this.use(sandboxId, options, (sandbox) =>
      sandbox.pauseContainer(containerId, options),
    );
  }

  async resumeContainer(
    sandboxId: string,
    containerId: string,
    options: CallOptions = {},
  ): Promise<Container> {
    return await this.use(sandboxId, options, (sandbox) =>
      sandbox.resumeContainer(containerId, options),
    );
  }

  /** Stops and deletes a container, and the sandbox too when it was the last; `force` goes on past refusals. */
  async cleanupContainer(
    sandboxId: string,
    containerId: string,
    options: Force = {},
  ): Promise<void> {
    await this.use(sandboxId, options, (sandbox) => sandbox.cleanupContainer(containerId, options));
  }

  async statsContainer(
    sandboxId: string,
    containerId: string,
    options: CallOptions = {},
  ): Promise<ContainerStats> {
    return await this.use(sandboxId, options, (sandbox) =>
      sandbox.statsContainer(containerId, options),
    );
  }

  /** The processes in a running or paused container: their pids as a JSON list, or a table as of ps. */
  async processListContainer(
    sandboxId: string,
    containerId: string,
    list: ProcessListOptions,
    options: CallOptions = {},
  ): Promise<string> {
    return await this.use(sandboxId, options, (sandbox) =>
      sandbox.processListContainer(containerId, list, options),
    );
  }

  async statusContainer(
    sandboxId: string,
    containerId: string,
    options: CallOptions = {},
  ): Promise<ContainerStatus> {
    return await this.use(sandboxId, options, (sandbox) =>
      sandbox.statusContainer(containerId, options),
    );
  }
}
