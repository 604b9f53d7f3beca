import { isIP, isIPv4, isIPv6 } from "node:net";
import * as v from "valibot";

const macRule = "it must be an Ethernet address of one host, such as 02:00:00:00:00:01";

/** An Ethernet address that is one host's: not zero, not of a group. */
export const macAddress = v.pipe(
  v.string(macRule),
  v.regex(/^[0-9a-fA-F]{2}(:[0-9a-fA-F]{2}){5}$/, macRule),
  v.check((value) => (Number.parseInt(value.slice(0, 2), 16) & 1) === 0, macRule),
  v.check((value) => /[1-9a-fA-F]/.test(value), macRule),
  v.toLowerCase(),
);

const address = (is: (value: string) => boolean, rule: string) =>
  v.pipe(
    v.string(rule),
    v.check((value) => is(value) && !value.includes("%"), rule),
  );

export const ipv4Address = address(isIPv4, "it must be an IPv4 address, such as 10.1.2.3");
export const ipv6Address = address(isIPv6, "it must be an IPv6 address, such as fd00::3");
export const ipAddress = address(
  (value) => isIP(value) !== 0,
  "it must be an IPv4 or IPv6 address",
);
