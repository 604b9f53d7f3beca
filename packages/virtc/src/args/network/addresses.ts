import { isIP, isIPv4, isIPv6 } from "node:net";
import { badValue } from "../../errors/usage.ts";

/** A check of an option's value: gives it as the library takes it, or tells the option what is allowed. */
export type Check = (option: string, text: string, value?: string) => string;

/** An address of this kind; `value` is the part of the text that is one. */
const address =
  (is: (value: string) => boolean, rule: string): Check =>
  (option, text, value = text) => {
    if (is(value) && !value.includes("%")) return value;
    throw badValue(option, text, rule);
  };

export const parseIPv4 = address(isIPv4, "it must be an IPv4 address, such as 10.1.2.3");
export const parseIPv6 = address(isIPv6, "it must be an IPv6 address, such as fd00::3");
export const parseIP = address((value) => isIP(value) !== 0, "it must be an IPv4 or IPv6 address");

/** An Ethernet address of one host. */
export const parseMac: Check = (option, text, value = text) => {
  const mac = value.toLowerCase().replaceAll("-", ":");
  const isOne = /^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/.test(mac) && /[1-9a-f]/.test(mac);
  if (isOne && (Number.parseInt(mac.slice(0, 2), 16) & 1) === 0) return mac;
  throw badValue(
    option,
    text,
    "it must be an Ethernet address of one host, such as 02:00:00:00:00:01",
  );
};

/** IPv6 addresses stand in brackets where a colon follows; these are taken off. */
export function unbracketed(text: string): string {
  return /^\[(.*)\]$/.exec(text)?.[1] ?? text;
}
