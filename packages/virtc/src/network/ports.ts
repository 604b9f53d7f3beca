import type { PortMapping } from "virtcontainers";

/** The addresses of the host by which a port is reached, as `0.0.0.0:8080`; all of them where it names none. */
export function hostAddresses({ hostIP, hostPort }: PortMapping): string[] {
  const all = hostIP === undefined ? ["0.0.0.0", "::"] : [hostIP];
  return all.map((ip) => (ip.includes(":") ? `[${ip}]:${hostPort}` : `${ip}:${hostPort}`));
}

/** `80/tcp`. */
export function containerSide({ containerPort, protocol = "tcp" }: PortMapping): string {
  return `${containerPort}/${protocol}`;
}

/** All ports of a container in one line, as docker's `ps` has them. */
export function portsLine(ports: readonly PortMapping[]): string {
  return ports
    .flatMap((port) => hostAddresses(port).map((host) => `${host}->${containerSide(port)}`))
    .join(", ");
}
