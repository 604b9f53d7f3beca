export type { CallOptions } from "./call-options.ts";
export { TtrpcClient, type TtrpcClientOptions } from "./client.ts";
export { type ErrorDetail, TtrpcError, type TtrpcErrorOptions } from "./error.ts";
export {
  type Frame,
  type FrameHeader,
  HEADER_BYTES,
  MAX_MESSAGE_BYTES,
  readHeader,
  writeHeader,
} from "./frame.ts";
export { FrameDecoder, type FrameDecoderOptions } from "./frame-decoder.ts";
export { type Serving, TtrpcServer, type TtrpcServerOptions } from "./server.ts";
export { createServiceClient, type ServiceClient } from "./service-client.ts";
export type { CallContext, ServiceImplementation } from "./service-router.ts";
export { type StatusCode, statusCode, statusNumber } from "./status.ts";
