/** An address of an interface. */
export interface IPAddress {
  /** Such as `10.1.2.3` or `fd00::3`. */
  address: string;
  /** The length of the prefix in decimal, such as `24`. */
  mask: string;
}

/** An interface of the guest. */
export interface Interface {
  /** What the guest calls it, at most 15 characters. */
  name: string;
  /** Its Ethernet address. */
  hwAddr: string;
  /** Bytes; 0 or none: as it is. */
  mtu?: number | undefined;
  ipAddresses?: IPAddress[] | undefined;
  /** The endpoint's type, such as `virtual`. */
  type?: string | undefined;
  /** Flags of netdevice(7), of which only IFF_NOARP can be asked for. */
  rawFlags?: number | undefined;
  /** Where the guest finds its device, such as `10/01`. */
  devicePath?: string | undefined;
}

/** A route of the guest's main table. */
export interface Route {
  /** A prefix such as `10.0.0.0/8`; none: all addresses. */
  dest?: string | undefined;
  gateway?: string | undefined;
  /** The name of the interface. */
  device: string;
  /** The address that the guest sends from. */
  source?: string | undefined;
  /** rtnetlink(7); 0 is global, 253 is link. */
  scope?: number | undefined;
  /** Only needed where neither `dest` nor `gateway` tells it. */
  family?: "v4" | "v6" | undefined;
  /** Flags of rtnetlink(7), such as 4 for onlink. */
  flags?: number | undefined;
  mtu?: number | undefined;
}

/** Another host of a link, whose Ethernet address needs not be asked for. */
export interface Neighbor {
  address: string;
  device: string;
  hwAddr: string;
  /** Of rtnetlink(7); 128 is permanent. */
  state: number;
}
