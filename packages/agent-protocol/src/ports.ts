/**
 * The formats on the agent's virtio-serial ports that are not protobuf. This
 * entry needs none of the generated code and so loads at once.
 */
export {
  ACK_BYTES,
  AckScanner,
  decodeHello,
  encodeAck,
  encodeHello,
  HELLO_BYTES,
  NONCE_BYTES,
  TOKEN_BYTES,
} from "./handshake.ts";
export {
  encodeLogRecord,
  LOG_RECORD_HEADER_BYTES,
  LOG_RECORD_MAGIC,
  type LogExit,
  type LogHealth,
  type LogOom,
  type LogOutput,
  type LogOver,
  type LogRecord,
  MAX_LOG_PAYLOAD_BYTES,
  machineId,
} from "./log-record.ts";
export { LogRecordDecoder } from "./log-record-decoder.ts";
