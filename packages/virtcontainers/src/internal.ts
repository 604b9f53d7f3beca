// What the command line and the tests of this repository use beyond the public interface; it may change in any release.

export { defaultCapabilities, knownCapabilities } from "./container/capabilities.ts";
export { ContainerConfig } from "./container/config.ts";
export { Seccomp } from "./container/oci/seccomp.ts";
export { rlimitTypes } from "./container/rlimits.ts";
export { findGuestDir, loadGuestAssets } from "./guest/assets.ts";
export { createFaultyHost } from "./host/faulty.ts";
export { createHost } from "./host/real.ts";
export { checkHost, type HostCheck, requirements } from "./host/requirements.ts";
export { defaultFolders } from "./paths.ts";
export { SandboxConfig } from "./sandbox/config.ts";
export { integer, parse } from "./validate.ts";
