/** What a VM of any driver gets when the configuration does not say. */
export const defaults = {
  memoryMiB: 256,
  maxVCPUs: 8,
  imageFsType: "erofs",
  agentPorts: 8,
  logLimitMiB: 256,
} as const;
