import type { Cmd, ContainerConfig } from "virtcontainers";
import type { ContainerRequest } from "./request.ts";

/** How the first process is connected with the outside. */
export type Connected = Pick<Cmd, "terminal" | "consoleSize" | "interactive" | "detach">;

/** The container that was asked for. A pure function. */
export function containerConfig(
  id: string,
  request: ContainerRequest,
  connected: Connected,
): ContainerConfig {
  const { options, rootfs, bundle } = request;
  const { seccomp, sysctl, privileged, ...process } = request.security;
  return {
    id,
    image: request.image,
    entrypoint: entrypointOf(request),
    pull: request.image === undefined ? undefined : "never",
    rootFs: rootfs && { ...rootfs, mounted: true },
    readonlyRootfs: options.readOnly || rootfs?.options.includes("ro") || undefined,
    bundle,
    scratchMiB: request.scratchMiB,
    mounts: request.mounts.length > 0 ? [...request.mounts] : undefined,
    seccomp,
    sysctl,
    privileged,
    healthCheck: request.healthCheck,
    cmd: {
      args: [...request.command],
      envs: request.env.length > 0 ? [...request.env] : undefined,
      workDir: options.workdir,
      user: options.user,
      ...process,
      ...connected,
    },
  };
}

/** An empty one resets the image's. */
function entrypointOf({ entrypoint }: ContainerRequest): string[] | undefined {
  if (entrypoint === undefined) return undefined;
  return entrypoint === "" ? [] : [entrypoint];
}
