export type AgentTransport = "virtio-serial" | "vsock" | "hybrid-vsock";

/** What is to be done for a connection to the agent, as data. */
export interface TransportTraits {
  /** There are so many ports, of which each has one client at a time: the one that holds its lock. */
  readonly ports: boolean;
  /** A connection begins with the sandbox's token, since bytes of an earlier one may still come. */
  readonly handshake: boolean;
}

export const transports: Readonly<Record<AgentTransport, TransportTraits>> = {
  "virtio-serial": { ports: true, handshake: true },
  vsock: { ports: false, handshake: false },
  "hybrid-vsock": { ports: false, handshake: false },
};
