// What the command line and the tests of this repository use beyond the public interface; it may change in any release.

export { defaultCapabilities, knownCapabilities } from "./config/capabilities.ts";
export { ContainerConfig } from "./config/container.ts";
export { Seccomp } from "./config/oci/seccomp.ts";
export { rlimitTypes } from "./config/rlimits.ts";
export { SandboxConfig } from "./config/sandbox.ts";
export { findGuestDir, loadGuestAssets } from "./guest/assets.ts";
export { createFaultyHost } from "./host/faulty.ts";
export { createHost } from "./host/real.ts";
export { checkHost, type HostCheck, requirements } from "./host/requirements.ts";
export { createQemu } from "./hypervisor/qemu/index.ts";
export { defaultHypervisor } from "./hypervisor/registry.ts";
export { silentLogger } from "./log.ts";
export { defaultFolders } from "./paths.ts";
export { integer, parse } from "./validate.ts";
