import type { StoredContainer } from "../../store/schema.ts";

/** Where a container finds the program that waits and reaps, alone or for a command; on its /dev, so any image will do. */
export const waiterPath = "/dev/.virtcontainers-init";

/** That program's place in the guest's root, bound into the container. */
export const waiterMount = {
  destination: waiterPath,
  type: "bind",
  source: "/usr/lib/virtcontainers/container-init",
  options: ["bind", "ro", "nosuid", "nodev"],
};

/** What the first process of a container is: its command, or the one of ours that runs it. */
export function initialArgs({ config, argv }: Pick<StoredContainer, "config" | "argv">): string[] {
  return config.init && !config.waits ? [waiterPath, "init", ...argv] : argv;
}
