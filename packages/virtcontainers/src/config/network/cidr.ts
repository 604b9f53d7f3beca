import { isIP } from "node:net";

export const cidrRule =
  "it must be an address or a block of addresses, such as 198.51.100.7, 10.0.0.0/8 or fd00::/8";

/** An IPv4 or IPv6 address, with or without the length of a prefix. */
export function isCidr(value: string): boolean {
  const { 0: address = "", 1: length, length: parts } = value.split("/");
  const family = address.includes("%") ? 0 : isIP(address);
  if (family === 0 || parts > 2) return false;
  if (length === undefined) return true;
  return /^(0|[1-9][0-9]{0,2})$/.test(length) && Number(length) <= (family === 4 ? 32 : 128);
}
