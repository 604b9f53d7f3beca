import * as v from "valibot";

/** A port of the host that the forwarder has as an open descriptor, and where it leads. */
export interface Forwarded {
  fd: number;
  protocol: "tcp" | "udp";
  address: string;
  port: number;
}

export const ForwardedSchema: v.GenericSchema<unknown, Forwarded[]> = v.array(
  v.strictObject({
    fd: v.pipe(v.number(), v.integer(), v.minValue(3)),
    protocol: v.picklist(["tcp", "udp"]),
    address: v.pipe(v.string(), v.ip()),
    port: v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(65_535)),
  }),
);
