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
  const { seccomp, sysctl, ...process } = request.security;
  return {
    id,
    image: request.image,
    entrypoint: request.entrypoint === undefined ? undefined : [request.entrypoint],
    pull: request.image === undefined ? undefined : "never",
    rootFs: rootfs && { ...rootfs, mounted: true },
    readonlyRootfs: options.readOnly || rootfs?.options.includes("ro") || undefined,
    bundle,
    scratchMiB: request.scratchMiB,
    mounts: request.mounts.length > 0 ? request.mounts : undefined,
    seccomp,
    sysctl,
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
