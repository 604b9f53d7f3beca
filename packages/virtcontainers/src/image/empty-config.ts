import type { ImageConfig } from "./image.ts";

/** The configuration of a plain root file system. */
export const emptyConfig: ImageConfig = {
  env: [],
  entrypoint: [],
  cmd: [],
  workingDir: "/",
  user: "",
  exposedPorts: [],
  volumes: [],
  labels: {},
  stopSignal: undefined,
};
