import { isIPv4 } from "node:net";
import { isCidr } from "../config/network/cidr.ts";

/** A block of addresses, or one address as the smallest of them. */
export interface Block {
  family: 4 | 6;
  /** The address with all bits after the prefix cleared. */
  base: bigint;
  prefix: number;
}

/** Of a text that is an address or a block already. */
export function parseBlock(text: string): Block {
  const [address = "", length] = text.split("/");
  const family = isIPv4(address) ? 4 : 6;
  const bits = family === 4 ? 32 : 128;
  const prefix = length === undefined ? bits : Number(length);
  const rest = BigInt(bits - prefix);
  return { family, base: (toNumber(address, family) >> rest) << rest, prefix };
}

/** Undefined for a text that is neither an address nor a block. */
export function readBlock(text: string): Block | undefined {
  return isCidr(text) ? parseBlock(text) : undefined;
}

/** True if all of `inner` is in `outer`. */
export function contains(outer: Block, inner: Block): boolean {
  if (outer.family !== inner.family || outer.prefix > inner.prefix) return false;
  const rest = BigInt((outer.family === 4 ? 32 : 128) - outer.prefix);
  return outer.base >> rest === inner.base >> rest;
}

export function overlap(one: Block, other: Block): boolean {
  return contains(one, other) || contains(other, one);
}

/** How many addresses it has. */
export function sizeOf({ family, prefix }: Block): bigint {
  return 1n << BigInt((family === 4 ? 32 : 128) - prefix);
}

/** The address that comes so many after the first. */
export function addressIn({ family, base }: Block, number: number): string {
  return blockText({ family, base: base + BigInt(number), prefix: family === 4 ? 32 : 128 });
}

export function isIn(blocks: readonly Block[], address: string): boolean {
  const one = parseBlock(address);
  return blocks.some((block) => contains(block, one));
}

/** As nft and people write it; a single address without a length. */
export function blockText({ family, base, prefix }: Block): string {
  const bits = family === 4 ? 32 : 128;
  const address = family === 4 ? text4(base) : text6(base);
  return prefix === bits ? address : `${address}/${prefix}`;
}

/** The 4 or 16 bytes of an address. */
export function addressBytes(address: string): Uint8Array {
  const { family, base } = parseBlock(address);
  const digits = base.toString(16).padStart(family === 4 ? 8 : 32, "0");
  return Buffer.from(digits, "hex");
}

function toNumber(address: string, family: 4 | 6): bigint {
  if (family === 4) return address.split(".").reduce((sum, part) => (sum << 8n) | BigInt(part), 0n);
  return groups(address).reduce((sum, group) => (sum << 16n) | BigInt(group), 0n);
}

function groups(address: string): number[] {
  const [head = "", tail] = address.split("::");
  const before = groupsOf(head);
  if (tail === undefined) return before;
  const after = groupsOf(tail);
  return [...before, ...Array<number>(8 - before.length - after.length).fill(0), ...after];
}

/** The last of them may be written as an IPv4 address. */
function groupsOf(text: string): number[] {
  if (text === "") return [];
  return text.split(":").flatMap((group) => {
    if (!group.includes(".")) return [Number.parseInt(group, 16)];
    const number = Number(toNumber(group, 4));
    return [number >>> 16, number & 0xffff];
  });
}

function text4(base: bigint): string {
  return [24n, 16n, 8n, 0n].map((shift) => String((base >> shift) & 0xffn)).join(".");
}

function text6(base: bigint): string {
  const parts = Array.from({ length: 8 }, (_, index) =>
    ((base >> BigInt(16 * (7 - index))) & 0xffffn).toString(16),
  ).join(":");
  // The URL standard has the one shortest form.
  return new URL(`http://[${parts}]/`).hostname.slice(1, -1);
}
