import * as v from "valibot";
import { integer } from "../../validate.ts";
import { ipAddress } from "./addresses.ts";

/** A port of the host that leads to one of the sandbox. */
export interface PortMapping {
  /** 1 to 65535. */
  hostPort: number;
  /** 1 to 65535. */
  containerPort: number;
  /** Default `tcp`. */
  protocol?: "tcp" | "udp" | "sctp" | undefined;
  /** The host's address that it is reached by; default: all of them, IPv4 and IPv6. */
  hostIP?: string | undefined;
}

const port = integer(1, 65_535);

export const PortMappingSchema = v.strictObject({
  hostPort: port,
  containerPort: port,
  protocol: v.optional(v.picklist(["tcp", "udp", "sctp"], "it must be tcp, udp or sctp")),
  hostIP: v.optional(ipAddress),
});

/** At most 1024, none of them twice. */
export const PortMappingsSchema = v.pipe(
  v.array(PortMappingSchema),
  v.maxLength(1024, "there can be at most 1024 ports"),
  v.check(
    (all) => new Set(all.map(keyOf)).size === all.length,
    "a port of the host must not be given twice",
  ),
);

function keyOf({ hostPort, protocol = "tcp", hostIP = "" }: PortMapping): string {
  return `${hostIP} ${hostPort}/${protocol}`;
}
