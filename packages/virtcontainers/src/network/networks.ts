import type { NetworkDriver, NetworkOptions, Subnet } from "../config/network/definition.ts";
import type { CallOptions } from "../deadline.ts";

/** How a sandbox is in a network. */
export interface NetworkMember {
  sandboxId: string;
  /** The link in the sandbox's namespace. */
  interfaceName: string;
  /** Of Ethernet, where the network tells it. */
  macAddress?: string | undefined;
  /** With the lengths of their prefixes, such as 10.1.2.3/24; none while it is being connected. */
  ipAddresses: readonly string[];
}

/** What sandboxes can be connected to. */
export interface Network {
  name: string;
  /** What it was made of here. `cni`: of a configuration file of somebody else's. */
  driver: NetworkDriver | "cni";
  /** The interface that its links are made on, with a driver that has such. */
  parent?: string | undefined;
  /** Of these links, where one was chosen. */
  mode?: string | undefined;
  subnets: readonly Subnet[];
  internal: boolean;
  labels: Readonly<Record<string, string>>;
  /** ISO 8601; a file of somebody else's has none. */
  createdAt?: string | undefined;
  /** Ids of the sandboxes that are in it. */
  usedBy: readonly string[];
  /** How they are in it, by id. */
  members: readonly NetworkMember[];
}

/** The named networks of this host and user. All methods throw VirtError, and end by the signal. */
export interface Networks {
  /** The network of a sandbox that names none, or `none`: what VIRTC_NETWORK says, else `bridge` where this user can have one. */
  default(call?: CallOptions): Promise<string>;
  /** ALREADY_EXISTS, INVALID_ARGUMENT, BUSY where the addresses are another network's. */
  create(options?: NetworkOptions, call?: CallOptions): Promise<Network>;
  /** By name. */
  list(call?: CallOptions): Promise<Network[]>;
  /** NETWORK_NOT_FOUND. */
  inspect(name: string, call?: CallOptions): Promise<Network>;
  /** BUSY while a sandbox is in it; NETWORK_NOT_FOUND; NOT_SUPPORTED for what was not made here. */
  remove(name: string, call?: CallOptions): Promise<void>;
  /** Asks the plugins whether they are ready, and whether all that they made is as they made it; gives what is wrong. NETWORK_NOT_FOUND. */
  check(name: string, call?: CallOptions): Promise<string[]>;
  /** Removes all networks that were made here and that no sandbox is in; gives the names. */
  prune(call?: CallOptions): Promise<string[]>;
}
