import { badValue } from "../../errors/usage.ts";
import { parseIP, unbracketed } from "./addresses.ts";

export const protocols = ["tcp", "udp", "sctp"] as const;
export type Protocol = (typeof protocols)[number];

/** A port of the container that is to be reached by one of the host. */
export interface Published {
  containerPort: number;
  protocol: Protocol;
  hostIP: string | undefined;
  /** One of these ports of the host, both included; undefined: any that is free. */
  hostPorts: Range | undefined;
}

export interface Range {
  first: number;
  last: number;
}

const option = "--publish";
const grammar =
  "it must be [[IP:]HOSTPORT:]PORT[/tcp|udp|sctp], such as 8080:80, 127.0.0.1:5353:53/udp or " +
  "8000-8010:8000-8010; ports are from 1 to 65535, and an IPv6 address stands in brackets";

/** One `--publish`, in docker's words. */
export function parsePublish(text: string): Published[] {
  const [, ip, host = "", container = "", protocol = "tcp"] =
    /^(?:(?:(\[[^\]]*\]|[^:[\]]*):)?([\d-]*):)?([\d-]+)(?:\/(\w+))?$/.exec(text) ?? [];
  const containerPorts = rangeOf(container);
  if (containerPorts === undefined) throw badValue(option, text, grammar);
  const hostPorts = rangeOf(host);
  if (hostPorts === undefined && !/^0?$/.test(host)) throw badValue(option, text, grammar);
  const common = {
    protocol: protocolOf(text, protocol),
    hostIP: ip === undefined || ip === "" ? undefined : parseIP(option, text, unbracketed(ip)),
  };
  return pairs(text, containerPorts, hostPorts).map((pair) => ({ ...pair, ...common }));
}

/** A port or a range of ports, such as 8000-8010. */
function rangeOf(text: string): Range | undefined {
  const [, from, to = from] = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(text) ?? [];
  const [first, last] = [Number(from), Number(to)];
  return first >= 1 && last >= first && last <= 65_535 ? { first, last } : undefined;
}

function protocolOf(text: string, word: string): Protocol {
  const known = protocols.find((protocol) => protocol === word.toLowerCase());
  if (known !== undefined) return known;
  throw badValue(option, text, `the protocol must be ${protocols.join(", ")}`);
}

/** Port by port; a single port of the container may take any one of the host's range. */
function pairs(
  text: string,
  container: Range,
  host: Range | undefined,
): Pick<Published, "containerPort" | "hostPorts">[] {
  const count = container.last - container.first + 1;
  if (count === 1) return [{ containerPort: container.first, hostPorts: host }];
  if (host !== undefined && host.last - host.first + 1 !== count) {
    throw badValue(
      option,
      text,
      `both ranges must have as many ports: ${host.last - host.first + 1} of the host, ${count} of the container`,
    );
  }
  return Array.from({ length: count }, (_, index) => {
    const port = host && host.first + index;
    return {
      containerPort: container.first + index,
      hostPorts: port === undefined ? undefined : { first: port, last: port },
    };
  });
}
