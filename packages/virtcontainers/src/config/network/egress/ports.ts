/** `tls` and `http`: what is connected to by its name, whatever the address. */
export const egressProtocols = ["tcp", "udp", "icmp", "tls", "http"] as const;
export type EgressProtocol = (typeof egressProtocols)[number];

export const portsRule = "a port is a number from 1 to 65535, or a range such as 8000-8080";

export interface PortRange {
  from: number;
  to: number;
}

/** One port or a range; undefined if it is neither. */
export function parsePorts(text: string): PortRange | undefined {
  const found = /^([1-9][0-9]{0,4})(?:-([1-9][0-9]{0,4}))?$/.exec(text);
  if (found === null) return undefined;
  const from = Number(found[1]);
  const to = Number(found[2] ?? from);
  return from <= to && to <= 65_535 ? { from, to } : undefined;
}
