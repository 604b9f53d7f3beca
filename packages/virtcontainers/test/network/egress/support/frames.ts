import type { World } from "./internet.ts";

const sender = `
import socket, sys
link = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
link.bind(("eth0", 0))
for frame in sys.argv[1:]:
    link.send(bytes.fromhex(frame))
`;

/** Sends frames out of the guest as they are, past its own network stack. */
export async function sendFrames(world: World, frames: readonly Buffer[]): Promise<void> {
  const { code, stderr } = await world.guest(
    "/usr/bin/python3",
    "-c",
    sender,
    ...frames.map((frame) => frame.toString("hex")),
  );
  if (code !== 0) throw new Error(stderr);
}

const types = { ip: 0x0800, ip6: 0x86dd };

export function ethernet(to: string, from: string, type: number, payload: Buffer): Buffer {
  return Buffer.concat([mac(to), mac(from), number16(type), payload]);
}

export function frame4(to: string, from: string, packet: Buffer): Buffer {
  return ethernet(to, from, types.ip, packet);
}

export function frame6(to: string, from: string, packet: Buffer): Buffer {
  return ethernet(to, from, types.ip6, packet);
}

export function ip4(from: string, to: string, protocol: number, payload: Buffer): Buffer {
  const head = Buffer.alloc(20);
  head[0] = 0x45;
  head.writeUInt16BE(20 + payload.length, 2);
  head[8] = 64;
  head[9] = protocol;
  head.set(address4(from), 12);
  head.set(address4(to), 16);
  head.writeUInt16BE(checksum(head), 10);
  return Buffer.concat([head, payload]);
}

export function ip6(from: Buffer, to: Buffer, next: number, payload: Buffer): Buffer {
  const head = Buffer.alloc(8);
  head[0] = 0x60;
  head.writeUInt16BE(payload.length, 4);
  head[6] = next;
  head[7] = 64;
  return Buffer.concat([head, from, to, payload]);
}

/** The pieces of one packet, each with so many bytes of it, a multiple of eight. */
export function fragments4(
  from: string,
  to: string,
  protocol: number,
  whole: Buffer,
  size: number,
): Buffer[] {
  return pieces(whole, size).map(({ at, part, more }) => {
    const packet = ip4(from, to, protocol, part);
    packet.writeUInt16BE(0x1234, 4);
    packet.writeUInt16BE((more ? 0x2000 : 0) | (at / 8), 6);
    packet.writeUInt16BE(0, 10);
    packet.writeUInt16BE(checksum(packet.subarray(0, 20)), 10);
    return packet;
  });
}

export function fragments6(
  from: Buffer,
  to: Buffer,
  next: number,
  whole: Buffer,
  size: number,
): Buffer[] {
  return pieces(whole, size).map(({ at, part, more }) => {
    const head = Buffer.from([next, 0, 0, 0, 0, 0, 0x12, 0x34]);
    head.writeUInt16BE(at | (more ? 1 : 0), 2);
    return ip6(from, to, 44, Buffer.concat([head, part]));
  });
}

function pieces(whole: Buffer, size: number): { at: number; part: Buffer; more: boolean }[] {
  return Array.from({ length: Math.ceil(whole.length / size) }, (_, index) => {
    const at = index * size;
    return { at, part: whole.subarray(at, at + size), more: at + size < whole.length };
  });
}

/** A request (1) or an answer (2) of ARP. */
export function arp(kind: 1 | 2, sender: string, from: string, to: string): Buffer {
  const head = Buffer.from([0, 1, 8, 0, 6, 4, 0, kind]);
  const [whom, who] = [Buffer.from(address4(to)), Buffer.from(address4(from))];
  return Buffer.concat([head, mac(sender), who, Buffer.alloc(6), whom]);
}

/** With its checksum, and as if it came from the next link. */
export function icmp6(from: Buffer, to: Buffer, message: Buffer): Buffer {
  const copy = Buffer.from(message);
  const length = Buffer.alloc(8);
  length.writeUInt32BE(copy.length);
  length[7] = 58;
  copy.writeUInt16BE(checksum(Buffer.concat([from, to, length, copy])), 2);
  const packet = ip6(from, to, 58, copy);
  packet[7] = 255;
  return packet;
}

/** That an address is at an Ethernet address, in place of what was believed. */
export function neighbourAdvert(target: readonly number[], at: string): Buffer {
  const head = Buffer.from([136, 0, 0, 0, 0x20, 0, 0, 0]);
  return Buffer.concat([head, address6(target), Buffer.from([2, 1]), mac(at)]);
}

/** Without a checksum, which IPv4 allows. */
export function udp(from: number, to: number, payload: Buffer): Buffer {
  return Buffer.concat([
    number16(from),
    number16(to),
    number16(8 + payload.length),
    number16(0),
    payload,
  ]);
}

export function address6(groups: readonly number[]): Buffer {
  return Buffer.concat(groups.map(number16));
}

function mac(text: string): Buffer {
  return Buffer.from(text.replaceAll(":", ""), "hex");
}

function address4(text: string): number[] {
  return text.split(".").map(Number);
}

function number16(value: number): Buffer {
  return Buffer.from([value >> 8, value & 0xff]);
}

function checksum(bytes: Buffer): number {
  let sum = 0;
  for (let at = 0; at < bytes.length; at += 2) sum += bytes.readUInt16BE(at);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return ~sum & 0xffff;
}
