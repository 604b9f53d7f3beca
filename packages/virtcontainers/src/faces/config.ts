// virtcontainers/config: the schemas of what a caller may say, for programs that translate other configuration to it.

export { defaultCapabilities, knownCapabilities } from "../config/capabilities.ts";
export { ContainerConfig } from "../config/container.ts";
export { Seccomp } from "../config/oci/seccomp.ts";
export { rlimitTypes } from "../config/rlimits.ts";
export { SandboxConfig } from "../config/sandbox.ts";
export { defaultHypervisor } from "../hypervisor/registry.ts";
export { parse } from "../validate.ts";
