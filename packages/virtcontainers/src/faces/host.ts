// virtcontainers/host: what the library needs of a host, for programs that set one up or look what is missing.

export { findGuestDir, type GuestAssets, loadGuestAssets } from "../guest/assets.ts";
export type { Host } from "../host/host.ts";
export { createHost } from "../host/real.ts";
export { checkHost, type HostCheck } from "../host/requirements.ts";
