import type { ContainerStats } from "../stats.ts";
import { KataCalls, type Request } from "./calls.ts";
import { containerStats } from "./stats.ts";

/** The calls that concern a container. */
export abstract class KataContainers extends KataCalls {
  async createContainer(request: Request<"createContainer">, signal: AbortSignal): Promise<void> {
    const site = { containerId: request.containerId ?? "" };
    await this.call("CreateContainer", site, signal, (options) =>
      this.service.createContainer(request, options),
    );
  }

  async startContainer(containerId: string, signal: AbortSignal): Promise<void> {
    await this.call("StartContainer", { containerId }, signal, (options) =>
      this.service.startContainer({ containerId }, options),
    );
  }

  async removeContainer(containerId: string, signal: AbortSignal): Promise<void> {
    await this.call("RemoveContainer", { containerId }, signal, (options) =>
      this.service.removeContainer({ containerId }, options),
    );
  }

  async updateContainer(
    containerId: string,
    resources: NonNullable<Request<"updateContainer">["resources"]>,
    signal: AbortSignal,
  ): Promise<void> {
    await this.call("UpdateContainer", { containerId }, signal, (options) =>
      this.service.updateContainer({ containerId, resources }, options),
    );
  }

  async statsContainer(containerId: string, signal: AbortSignal): Promise<ContainerStats> {
    const answer = await this.call("StatsContainer", { containerId }, signal, (options) =>
      this.service.statsContainer({ containerId }, options),
    );
    return containerStats(answer, (what) => this.violation("StatsContainer", what));
  }

  async pauseContainer(containerId: string, signal: AbortSignal): Promise<void> {
    await this.call("PauseContainer", { containerId }, signal, (options) =>
      this.service.pauseContainer({ containerId }, options),
    );
  }

  async resumeContainer(containerId: string, signal: AbortSignal): Promise<void> {
    await this.call("ResumeContainer", { containerId }, signal, (options) =>
      this.service.resumeContainer({ containerId }, options),
    );
  }
}
