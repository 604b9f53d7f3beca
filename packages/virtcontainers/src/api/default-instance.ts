import { VirtContainers } from "./virtcontainers.ts";

let instance: VirtContainers | undefined;

/** The instance behind the short forms Sandbox.create and Sandbox.fetch. */
export function defaultInstance(): VirtContainers {
  instance ??= new VirtContainers();
  return instance;
}

/** Makes the short forms use another instance: for tests. Without one, takes `only` back if it is in use. */
export function useInstance(other: VirtContainers | undefined, only?: VirtContainers): void {
  if (only === undefined || only === instance) instance = other;
}
