import {
  create,
  type DescMessage,
  type DescMethodUnary,
  type DescService,
  fromBinary,
  type MessageInitShape,
  type MessageShape,
  toBinary,
} from "@bufbuild/protobuf";
import type { CallOptions } from "./call-options.ts";
import type { TtrpcClient } from "./client.ts";
import { TtrpcError } from "./error.ts";
import { checkCost } from "./message-cost.ts";

/** The unary methods of a service as typed functions, named as in generated code. */
export type ServiceClient<S extends DescService> = {
  [M in keyof S["method"]]: S["method"][M] extends DescMethodUnary<infer I, infer O>
    ? (request: MessageInitShape<I>, options?: CallOptions) => Promise<MessageShape<O>>
    : never;
};

type UnaryCall = (
  request: MessageInitShape<DescMessage>,
  options?: CallOptions,
) => Promise<unknown>;

/**
 * A typed client for one service. The methods throw what TtrpcClient.call does,
 * `invalid_argument` for a request that cannot be encoded, and `internal` for an
 * answer that cannot be decoded.
 */
export function createServiceClient<S extends DescService>(
  client: TtrpcClient,
  service: S,
): ServiceClient<S> {
  const methods: Record<string, UnaryCall> = {};
  for (const method of service.methods) {
    if (method.methodKind !== "unary") continue;
    const { input, output, name } = method;
    methods[method.localName] = async (request, options) => {
      const payload = encode(input, request, `${service.typeName}/${name}`);
      const answer = await client.call(service.typeName, name, payload, options);
      return decode(output, answer, `${service.typeName}/${name}`);
    };
  }
  return methods as ServiceClient<S>;
}

function encode(schema: DescMessage, request: MessageInitShape<DescMessage>, method: string) {
  try {
    return toBinary(schema, create(schema, request));
  } catch (cause) {
    const reason = cause instanceof Error ? `: ${cause.message}` : "";
    const text = `the request of ${method} cannot be encoded${reason}`;
    throw new TtrpcError("invalid_argument", text, { cause });
  }
}

function decode(schema: DescMessage, answer: Uint8Array, method: string) {
  try {
    checkCost(schema, answer);
    return fromBinary(schema, answer, { readUnknownFields: false });
  } catch (cause) {
    throw new TtrpcError("internal", `the answer of ${method} cannot be decoded`, { cause });
  }
}
