import type { ContainerStats } from "../stats.ts";
import type { KataCalls, Request } from "./calls.ts";
import { containerStats } from "./stats.ts";

export async function createContainer(
  calls: KataCalls,
  request: Request<"createContainer">,
  signal: AbortSignal,
): Promise<void> {
  const site = { containerId: request.containerId ?? "" };
  await calls.call("CreateContainer", site, signal, (options) =>
    calls.service.createContainer(request, options),
  );
}

export async function startContainer(
  calls: KataCalls,
  containerId: string,
  signal: AbortSignal,
): Promise<void> {
  await calls.call("StartContainer", { containerId }, signal, (options) =>
    calls.service.startContainer({ containerId }, options),
  );
}

export async function removeContainer(
  calls: KataCalls,
  containerId: string,
  signal: AbortSignal,
): Promise<void> {
  await calls.call("RemoveContainer", { containerId }, signal, (options) =>
    calls.service.removeContainer({ containerId }, options),
  );
}

export async function updateContainer(
  calls: KataCalls,
  containerId: string,
  resources: NonNullable<Request<"updateContainer">["resources"]>,
  signal: AbortSignal,
): Promise<void> {
  await calls.call("UpdateContainer", { containerId }, signal, (options) =>
    calls.service.updateContainer({ containerId, resources }, options),
  );
}

export async function statsContainer(
  calls: KataCalls,
  containerId: string,
  signal: AbortSignal,
): Promise<ContainerStats> {
  const answer = await calls.call("StatsContainer", { containerId }, signal, (options) =>
    calls.service.statsContainer({ containerId }, options),
  );
  return containerStats(answer, (what) => calls.violation("StatsContainer", what));
}

export async function pauseContainer(
  calls: KataCalls,
  containerId: string,
  signal: AbortSignal,
): Promise<void> {
  await calls.call("PauseContainer", { containerId }, signal, (options) =>
    calls.service.pauseContainer({ containerId }, options),
  );
}

export async function resumeContainer(
  calls: KataCalls,
  containerId: string,
  signal: AbortSignal,
): Promise<void> {
  await calls.call("ResumeContainer", { containerId }, signal, (options) =>
    calls.service.resumeContainer({ containerId }, options),
  );
}
