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
