import type { PortMapping } from "virtcontainers";

/** The address of the host by which a port is reached, as `0.0.0.0:8080`: all of them where it names none. */
export function hostAddress({ hostIP = "0.0.0.0", hostPort }: PortMapping): string {
  return hostIP.includes(":") ? `[${hostIP}]:${hostPort}` : `${hostIP}:${hostPort}`;
}

/** `80/tcp`. */
export function containerSide({ containerPort, protocol = "tcp" }: PortMapping): string {
  return `${containerPort}/${protocol}`;
}

/** All ports of a container in one line, as docker's `ps` has them. */
export function portsLine(ports: readonly PortMapping[]): string {
  return ports.map((port) => `${hostAddress(port)}->${containerSide(port)}`).join(", ");
}
