import { BinaryReader, BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import { type ErrorDetail, TtrpcError } from "./error.ts";
import { FRAME_REQUEST, FRAME_RESPONSE, HEADER_BYTES, writeHeader } from "./frame.ts";
import { statusCode, statusNumber } from "./status.ts";

/** The Request message of ttRPC's request.proto. */
export interface RequestEnvelope {
  service: string;
  method: string;
  payload: Uint8Array;
  /** 0: no deadline. */
  timeoutNano: bigint;
  metadata: readonly (readonly [key: string, value: string])[];
}

/** The Response message: a payload, or the status that stands in its place. */
export type ResponseEnvelope = { payload: Uint8Array } | { error: TtrpcError };

/** What goes to the stream for one frame: everything but the payload, then the payload as it was given. */
export type EncodedFrame = readonly [head: Uint8Array, payload: Uint8Array];

const EMPTY: Uint8Array = new Uint8Array(0);

export function encodeRequest(streamId: number, request: RequestEnvelope): EncodedFrame {
  const head = new BinaryWriter()
    .tag(1, WireType.LengthDelimited)
    .string(request.service)
    .tag(2, WireType.LengthDelimited)
    .string(request.method);
  if (request.timeoutNano > 0n) head.tag(4, WireType.Varint).int64(request.timeoutNano);
  for (const [key, value] of request.metadata) {
    head.tag(5, WireType.LengthDelimited).fork();
    head.tag(1, WireType.LengthDelimited).string(key);
    head.tag(2, WireType.LengthDelimited).string(value).join();
  }
  return frame(streamId, FRAME_REQUEST, head, 3, request.payload);
}

export function encodeResponse(streamId: number, payload: Uint8Array): EncodedFrame {
  return frame(streamId, FRAME_RESPONSE, new BinaryWriter(), 2, payload);
}

export function encodeErrorResponse(streamId: number, error: TtrpcError): EncodedFrame {
  const head = new BinaryWriter().tag(1, WireType.LengthDelimited).fork();
  head.tag(1, WireType.Varint).int32(statusNumber(error.code));
  head.tag(2, WireType.LengthDelimited).string(error.text);
  for (const detail of error.details) {
    head.tag(3, WireType.LengthDelimited).fork();
    head.tag(1, WireType.LengthDelimited).string(detail.typeUrl);
    head.tag(2, WireType.LengthDelimited).bytes(detail.value).join();
  }
  head.join();
  return frame(streamId, FRAME_RESPONSE, head, 2, EMPTY);
}

/** The payload is written last, whatever its field number, so that it need not be copied. */
function frame(
  streamId: number,
  type: number,
  envelope: BinaryWriter,
  payloadField: number,
  payload: Uint8Array,
): EncodedFrame {
  if (payload.length > 0) {
    envelope.tag(payloadField, WireType.LengthDelimited).uint32(payload.length);
  }
  const fields = envelope.finish();
  const head = new Uint8Array(HEADER_BYTES + fields.length);
  writeHeader(head, { length: fields.length + payload.length, streamId, type, flags: 0 });
  head.set(fields, HEADER_BYTES);
  return [head, payload];
}

/** @throws TtrpcError `invalid_argument` if the bytes are not a Request. */
export function decodeRequest(body: Uint8Array): RequestEnvelope {
  const request = { service: "", method: "", payload: EMPTY, timeoutNano: 0n };
  const metadata: [string, string][] = [];
  try {
    readFields(new EnvelopeReader(body), (reader, field, wireType) => {
      if (wireType === WireType.Varint && field === 4) {
        request.timeoutNano = BigInt(reader.int64());
        return true;
      }
      if (wireType !== WireType.LengthDelimited) return false;
      if (field === 1) request.service = reader.string();
      else if (field === 2) request.method = reader.string();
      else if (field === 3) request.payload = reader.bytes();
      else if (field === 5) metadata.push(decodeKeyValue(reader));
      else return false;
      return true;
    });
  } catch (cause) {
    throw new TtrpcError("invalid_argument", "the request's envelope cannot be decoded", { cause });
  }
  return { ...request, metadata };
}

/** @throws TtrpcError `internal` if the bytes are not a Response. */
export function decodeResponse(body: Uint8Array): ResponseEnvelope {
  let payload = EMPTY;
  let error: TtrpcError | undefined;
  try {
    readFields(new EnvelopeReader(body), (reader, field, wireType) => {
      if (wireType !== WireType.LengthDelimited) return false;
      if (field === 1) error = decodeStatus(reader);
      else if (field === 2) payload = reader.bytes();
      else return false;
      return true;
    });
  } catch (cause) {
    throw new TtrpcError("internal", "protocol violation: the response cannot be decoded", {
      cause,
    });
  }
  return error === undefined ? { payload } : { error };
}

function decodeKeyValue(outer: EnvelopeReader): [string, string] {
  const pair: [string, string] = ["", ""];
  readFields(outer.message(), (reader, field, wireType) => {
    if (wireType !== WireType.LengthDelimited || (field !== 1 && field !== 2)) return false;
    pair[field - 1] = reader.string();
    return true;
  });
  return pair;
}

/** undefined for the code ok, which is no error. */
function decodeStatus(outer: EnvelopeReader): TtrpcError | undefined {
  let code = 0;
  let text = "";
  const details: ErrorDetail[] = [];
  readFields(outer.message(), (reader, field, wireType) => {
    if (wireType === WireType.Varint && field === 1) code = reader.int32();
    else if (wireType === WireType.LengthDelimited && field === 2) text = cleanText(reader.bytes());
    else if (wireType === WireType.LengthDelimited && field === 3) details.push(decodeAny(reader));
    else return false;
    return true;
  });
  return code === 0 ? undefined : new TtrpcError(statusCode(code), text, { details, remote: true });
}

function decodeAny(outer: EnvelopeReader): ErrorDetail {
  const detail: ErrorDetail = { typeUrl: "", value: EMPTY };
  readFields(outer.message(), (reader, field, wireType) => {
    if (wireType !== WireType.LengthDelimited) return false;
    if (field === 1) detail.typeUrl = reader.string();
    else if (field === 2) detail.value = reader.bytes();
    else return false;
    return true;
  });
  return detail;
}

const MAX_TEXT_BYTES = 16 * 1024;

/** The text ends up on terminals: it is cut to 16 KiB and loses its control characters. */
function cleanText(bytes: Uint8Array): string {
  const text = new TextDecoder().decode(bytes.subarray(0, MAX_TEXT_BYTES));
  return text.replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g, "\ufffd");
}

/** More than any envelope needs; an answer of empty details by the million would block the process. */
const MAX_FIELDS = 10_000;

/** Counts the fields of an envelope, with those of the messages in it. */
class EnvelopeReader extends BinaryReader {
  readonly #fields: { left: number };

  constructor(bytes: Uint8Array, fields = { left: MAX_FIELDS }) {
    super(bytes);
    this.#fields = fields;
  }

  /** The message that comes next, which counts with this one. */
  message(): EnvelopeReader {
    return new EnvelopeReader(this.bytes(), this.#fields);
  }

  override tag(): [number, WireType] {
    if (this.#fields.left-- === 0) throw new RangeError(`more than ${MAX_FIELDS} fields`);
    return super.tag();
  }
}

type ReadField = (reader: EnvelopeReader, field: number, wireType: WireType) => boolean;

/** Calls `read` for each field; it returns false for a field it does not know, which is then skipped. */
function readFields(reader: EnvelopeReader, read: ReadField): void {
  while (reader.pos < reader.len) {
    const [field, wireType] = reader.tag();
    if (!read(reader, field, wireType)) reader.skip(wireType, field);
  }
}
