import { read } from "node:fs";
import { binder } from "../binder.ts";
import { isErrno } from "../errno.ts";

/** A packet that a rule of nftables has logged. */
export interface LoggedPacket {
  /** What the rule calls it. */
  prefix: string;
  /** From the IP header on, as far as it was kept. */
  bytes: Buffer;
}

const afNetlink = 16;
const sockRawCloexec = 3 | 0o2000000;
const netlinkNetfilter = 12;
const messagePacket = 0x0400;
const messageConfig = 0x0401;
const requestAck = 0x5;
const configCommand = 1;
const configMode = 2;
const commandBind = 1;
const copyPacket = 2;
const attributePayload = 9;
const attributePrefix = 10;
const keptBytes = 128;
const bufferBytes = 256 * 1024;

/**
 * Reads what rules log to a group of the namespace that this thread is in (nfnetlink_log), until the process ends.
 * Needs CAP_NET_ADMIN. What comes faster than it is read is lost.
 */
export function readPackets(group: number, tell: (packet: LoggedPacket) => void): void {
  const { bind } = binder();
  const socket = bind("socket", "int socket(int domain, int type, int protocol)");
  const send = bind("send", "long send(int fd, const uint8_t *bytes, size_t length, int flags)");
  const fd = socket(afNetlink, sockRawCloexec, netlinkNetfilter);
  const mode = Buffer.alloc(6);
  mode.writeUInt32BE(keptBytes);
  mode[4] = copyPacket;
  for (const [type, value] of [
    [configCommand, Buffer.from([commandBind])],
    [configMode, mode],
  ] as const) {
    const message = configMessage(group, type, value);
    send(fd, message, message.length, 0);
  }
  const buffer = Buffer.alloc(bufferBytes);
  const next = (): void =>
    read(fd, buffer, 0, bufferBytes, null, (error, length) => {
      // ENOBUFS: some were lost.
      if (error !== null && !isErrno(error, "ENOBUFS", "EINTR", "EAGAIN")) return;
      if (error === null) for (const packet of packetsOf(buffer.subarray(0, length))) tell(packet);
      next();
    });
  next();
}

function configMessage(group: number, type: number, value: Buffer): Buffer {
  const bytes = Buffer.alloc(20 + 4 + Math.ceil(value.length / 4) * 4);
  bytes.writeUInt32LE(bytes.length, 0);
  bytes.writeUInt16LE(messageConfig, 4);
  bytes.writeUInt16LE(requestAck, 6);
  // struct nfgenmsg: family, version, and the group in the network's order.
  bytes.writeUInt16BE(group, 18);
  bytes.writeUInt16LE(4 + value.length, 20);
  bytes.writeUInt16LE(type, 22);
  value.copy(bytes, 24);
  return bytes;
}

function* packetsOf(bytes: Buffer): Generator<LoggedPacket> {
  for (let at = 0; at + 20 <= bytes.length; ) {
    const length = bytes.readUInt32LE(at);
    if (length < 16 || at + length > bytes.length) return;
    if (bytes.readUInt16LE(at + 4) === messagePacket)
      yield packetOf(bytes.subarray(at + 20, at + length));
    at += Math.ceil(length / 4) * 4;
  }
}

function packetOf(attributes: Buffer): LoggedPacket {
  const packet: LoggedPacket = { prefix: "", bytes: Buffer.alloc(0) };
  for (let at = 0; at + 4 <= attributes.length; ) {
    const length = attributes.readUInt16LE(at);
    if (length < 4) break;
    const value = attributes.subarray(at + 4, at + length);
    const type = attributes.readUInt16LE(at + 2) & 0x7fff;
    if (type === attributePrefix) packet.prefix = value.toString("latin1").replace(/\0.*$/s, "");
    if (type === attributePayload) packet.bytes = Buffer.from(value);
    at += Math.ceil(length / 4) * 4;
  }
  return packet;
}
