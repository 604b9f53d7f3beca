import { isIPv4, isIPv6, SocketAddress } from "node:net";

/** Addresses that begin alike. */
export interface Range {
  family: 4 | 6;
  /** The first address, as a number. */
  base: bigint;
  prefix: number;
}

/** Undefined if the text is none, such as a name or an address without a prefix. */
export function parseRange(text: string): Range | undefined {
  const [address = "", length = ""] = text.split("/");
  const number = toNumber(address);
  const family = isIPv4(address) ? 4 : 6;
  const prefix = Number(length);
  if (number === undefined || !/^\d{1,3}$/.test(length) || prefix > bits(family)) return undefined;
  return { family, base: number & mask(family, prefix), prefix };
}

export function formatRange({ family, base, prefix }: Range): string {
  return `${toAddress(family, base)}/${prefix}`;
}

/** The address of a number in it. */
export function addressIn({ family, base }: Range, number: number): string {
  return toAddress(family, base + BigInt(number));
}

export function contains(range: Range, address: string): boolean {
  const number = toNumber(address);
  if (number === undefined || isIPv4(address) !== (range.family === 4)) return false;
  return (number & mask(range.family, range.prefix)) === range.base;
}

export function overlaps(one: Range, other: Range): boolean {
  if (one.family !== other.family) return false;
  const shared = mask(one.family, Math.min(one.prefix, other.prefix));
  return (one.base & shared) === (other.base & shared);
}

/** How many addresses it has. */
export function sizeOf({ family, prefix }: Range): bigint {
  return 1n << BigInt(bits(family) - prefix);
}

function bits(family: 4 | 6): number {
  return family === 4 ? 32 : 128;
}

function mask(family: 4 | 6, prefix: number): bigint {
  const all = (1n << BigInt(bits(family))) - 1n;
  return all ^ (all >> BigInt(prefix));
}

function toNumber(address: string): bigint | undefined {
  if (isIPv4(address)) return join(address.split(".").map(Number), 8n);
  if (!isIPv6(address) || address.includes("%") || address.includes(".")) return undefined;
  const [head = "", tail] = address.split("::");
  const groups = (text: string): number[] =>
    text === "" ? [] : text.split(":").map((group) => Number.parseInt(group, 16));
  const [first, last] = [groups(head), groups(tail ?? "")];
  const zeros = Array.from({ length: 8 - first.length - last.length }, () => 0);
  return join([...first, ...zeros, ...last], 16n);
}

function join(parts: readonly number[], width: bigint): bigint {
  return parts.reduce((number, part) => (number << width) | BigInt(part), 0n);
}

function toAddress(family: 4 | 6, number: bigint): string {
  if (family === 4)
    return [24n, 16n, 8n, 0n].map((shift) => String((number >> shift) & 0xffn)).join(".");
  const groups = number.toString(16).padStart(32, "0").match(/.{4}/g) ?? [];
  return new SocketAddress({ address: groups.join(":"), family: "ipv6" }).address;
}
