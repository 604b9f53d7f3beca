import { TtrpcError } from "./error.ts";

/** Bytes of a frame's header: u32 length, u32 stream id, u8 type, u8 flags, big-endian. */
export const HEADER_BYTES = 10;

/** The longest body a frame may have, both ways, unless an option says less. */
export const MAX_MESSAGE_BYTES = 4 * 1024 * 1024;

export const FRAME_REQUEST = 1;
export const FRAME_RESPONSE = 2;
export const FRAME_DATA = 3;

export const FLAG_REMOTE_CLOSED = 1;
export const FLAG_REMOTE_OPEN = 2;
export const FLAG_NO_DATA = 4;

export interface FrameHeader {
  /** Length of the body in bytes. */
  length: number;
  streamId: number;
  type: number;
  flags: number;
}

export interface Frame {
  header: FrameHeader;
  /** May be a view of the bytes that were pushed into the decoder. */
  body: Uint8Array;
}

/** Writes a header to the first ten bytes of `target`. */
export function writeHeader(target: Uint8Array, header: FrameHeader): void {
  const view = new DataView(target.buffer, target.byteOffset, HEADER_BYTES);
  view.setUint32(0, header.length);
  view.setUint32(4, header.streamId);
  view.setUint8(8, header.type);
  view.setUint8(9, header.flags);
}

/**
 * Reads a header from the first ten bytes of `source`.
 *
 * @throws TtrpcError `internal` if the type is none of request, response and data.
 */
export function readHeader(source: Uint8Array): FrameHeader {
  const view = new DataView(source.buffer, source.byteOffset, HEADER_BYTES);
  const type = view.getUint8(8);
  if (type !== FRAME_REQUEST && type !== FRAME_RESPONSE && type !== FRAME_DATA) {
    throw new TtrpcError("internal", `protocol violation: frame of unknown type ${type}`);
  }
  return {
    length: view.getUint32(0),
    streamId: view.getUint32(4),
    type,
    flags: view.getUint8(9),
  };
}
