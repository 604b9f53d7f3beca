/** A link of a sandbox's namespace, what the guest has of it, and the tap to the guest. */
export interface RoutedLink {
  /** The link to the world, whose addresses become the guest's. */
  uplink: string;
  /** The tap's name; it is down. */
  tap: string;
  mtu: number;
  addresses: readonly { address: string; prefix: number }[];
  /** The guest's routes, but those that come with its addresses. */
  routes: readonly { dest?: string | undefined; gateway?: string | undefined }[];
}

/** The router's own addresses on every tap: nobody else sees them. */
export const routerAddress4 = "169.254.255.1";
export const routerAddress6 = "fd76:6972:7463::1";
