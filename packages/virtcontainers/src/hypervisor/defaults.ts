/** What a VM gets when the configuration does not say; the machine's were chosen by measuring, see docs/hypervisor.md. */
export const defaults = {
  machineType: "q35",
  memoryMiB: 256,
  memSlots: 8,
  maxVCPUs: 8,
  defaultBridges: 1,
  pcieRootPorts: 0,
  disableImageNvdimm: true,
  imageFsType: "erofs",
  agentPorts: 8,
  logLimitMiB: 256,
} as const;
