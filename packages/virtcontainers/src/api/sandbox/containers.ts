import type { ContainerStats } from "../../agent/stats.ts";
import type { ContainerConfig, LinuxResources } from "../../config/container.ts";
import { type Container, containerView } from "../../container/container.ts";
import { createContainer } from "../../container/verbs/create.ts";
import { deleteContainer } from "../../container/verbs/delete.ts";
import { pauseContainer } from "../../container/verbs/pause.ts";
import {
  type ProcessListOptions,
  processListContainer,
} from "../../container/verbs/process-list.ts";
import { resumeContainer } from "../../container/verbs/resume.ts";
import { startContainer } from "../../container/verbs/start.ts";
import { statsContainer } from "../../container/verbs/stats.ts";
import { stopContainer } from "../../container/verbs/stop.ts";
import { updateContainer } from "../../container/verbs/update.ts";
import type { CallOptions } from "../../deadline.ts";
import { refresh } from "../../operation/refresh.ts";
import { cleanupContainer } from "../../sandbox/cleanup-container.ts";
import { type ContainerStatus, containerStatus } from "../../sandbox/status.ts";
import { SandboxHandle } from "./handle.ts";

/** The methods of a Sandbox that concern its containers. */
export abstract class SandboxContainers extends SandboxHandle {
  /** The containers as last seen by this object. */
  containers(): Container[] {
    return this.stored.containers.map((container) => containerView(this.id, container));
  }

  getContainer(id: string): Container | undefined {
    return this.containers().find((container) => container.id === id);
  }

  async createContainer(config: ContainerConfig, options: CallOptions = {}): Promise<Container> {
    return await this.operate("createContainer", "exclusive", options, async (operation) =>
      containerView(this.id, await createContainer(operation, config)),
    );
  }

  async startContainer(id: string, options: CallOptions = {}): Promise<Container> {
    return await this.changeContainer("startContainer", id, options, startContainer);
  }

  async stopContainer(
    id: string,
    options: CallOptions & { force?: boolean } = {},
  ): Promise<Container> {
    return await this.changeContainer("stopContainer", id, options, (operation, container) =>
      stopContainer(operation, container, options.force ?? false),
    );
  }

  async deleteContainer(id: string, options: CallOptions = {}): Promise<Container> {
    return await this.changeContainer("deleteContainer", id, options, deleteContainer);
  }

  /**
   * Changes limits of a container while it runs; what is not named stays. The VM follows the sum of limits.
   * NOT_SUPPORTED if that is more than the VM can be grown to.
   */
  async updateContainer(
    id: string,
    resources: LinuxResources,
    options: CallOptions = {},
  ): Promise<Container> {
    return await this.changeContainer("updateContainer", id, options, (operation, container) =>
      updateContainer(operation, container, resources),
    );
  }

  /** Freezes all processes of a running container. */
  async pauseContainer(id: string, options: CallOptions = {}): Promise<Container> {
    return await this.changeContainer("pauseContainer", id, options, pauseContainer);
  }

  /** Lets the processes of a paused container go on. */
  async resumeContainer(id: string, options: CallOptions = {}): Promise<Container> {
    return await this.changeContainer("resumeContainer", id, options, resumeContainer);
  }

  /** Stops and deletes a container, and the sandbox too when it was the last; `force` goes on past refusals. */
  async cleanupContainer(
    id: string,
    options: CallOptions & { force?: boolean } = {},
  ): Promise<void> {
    await this.operate("cleanupContainer", "exclusive", options, (operation) =>
      cleanupContainer(operation, id, options.force ?? false),
    );
  }

  /** What a running or paused container uses of the guest. */
  async statsContainer(id: string, options: CallOptions = {}): Promise<ContainerStats> {
    return await this.operate("statsContainer", "shared", options, (operation) =>
      statsContainer(operation, id),
    );
  }

  /** The processes in a running or paused container: their pids as a JSON list, or a table as of ps. */
  async processListContainer(
    id: string,
    list: ProcessListOptions,
    options: CallOptions = {},
  ): Promise<string> {
    return await this.operate("processListContainer", "shared", options, (operation) =>
      processListContainer(operation, id, list),
    );
  }

  async statusContainer(id: string, options: CallOptions = {}): Promise<ContainerStatus> {
    return await this.operate("statusContainer", "shared", options, async (operation) => {
      await refresh(operation.context, operation.sandbox, operation.connection, operation.signal);
      return containerStatus(this.context.store, operation.sandbox, operation.container(id));
    });
  }
}
