import {
  create,
  type DescMessage,
  type DescMethod,
  type DescMethodUnary,
  type DescService,
  fromBinary,
  type MessageInitShape,
  type MessageShape,
  toBinary,
} from "@bufbuild/protobuf";
import { TtrpcError } from "./error.ts";
import { checkCost } from "./message-cost.ts";

/** What a handler knows about the call it answers. */
export interface CallContext {
  /** Aborts when the client's deadline passes or its stream ends; nobody hears the answer then. */
  signal: AbortSignal;
  /** Milliseconds the client waits, counted from the call's arrival. undefined: for ever. */
  timeoutMs: number | undefined;
  /** Key and values, as the client sent them. */
  metadata: ReadonlyMap<string, readonly string[]>;
}

/** Handlers for the unary methods of a service; those left out answer `unimplemented`. */
export type ServiceImplementation<S extends DescService> = {
  [M in keyof S["method"]]?: S["method"][M] extends DescMethodUnary<infer I, infer O>
    ? (
        request: MessageShape<I>,
        context: CallContext,
      ) => MessageInitShape<O> | Promise<MessageInitShape<O>>
    : never;
};

type UnaryHandler = (
  request: MessageShape<DescMessage>,
  context: CallContext,
) => MessageInitShape<DescMessage> | Promise<MessageInitShape<DescMessage>>;

interface Route {
  method: DescMethod;
  handler: UnaryHandler;
}

/** Finds the handler of a call and converts between messages and bytes. */
export class ServiceRouter {
  readonly #services = new Map<string, Map<string, Route>>();

  /** @throws TtrpcError `already_exists` if the service was registered before. */
  register<S extends DescService>(service: S, implementation: ServiceImplementation<S>): void {
    if (this.#services.has(service.typeName)) {
      throw new TtrpcError("already_exists", `${service.typeName} is registered already`);
    }
    const handlers: Partial<Record<string, UnaryHandler>> = implementation;
    const routes = new Map<string, Route>();
    for (const method of service.methods) {
      const handler = handlers[method.localName];
      if (method.methodKind !== "unary" || handler === undefined) continue;
      routes.set(method.name, { method, handler: handler.bind(implementation) });
    }
    this.#services.set(service.typeName, routes);
  }

  /**
   * Runs the handler and returns the encoded answer.
   *
   * @throws TtrpcError `invalid_argument` if the service does not exist or the
   *   payload is not the method's input, `unimplemented` if the method has no
   *   handler, else what the handler threw (`internal` for another error).
   */
  async route(
    call: { service: string; method: string; payload: Uint8Array },
    context: CallContext,
  ): Promise<Uint8Array> {
    const { method, handler } = this.#find(call.service, call.method);
    const request = decode(method.input, call.payload, `${call.service}/${call.method}`);
    try {
      return toBinary(method.output, create(method.output, await handler(request, context)));
    } catch (reason) {
      throw TtrpcError.from(reason, "internal");
    }
  }

  #find(service: string, method: string): Route {
    const routes = this.#services.get(service);
    if (routes === undefined) {
      throw new TtrpcError("invalid_argument", `${service} service does not exist`);
    }
    const route = routes.get(method);
    if (route === undefined) {
      throw new TtrpcError("unimplemented", `${service}/${method} is not supported`);
    }
    return route;
  }
}

function decode(schema: DescMessage, payload: Uint8Array, method: string) {
  try {
    checkCost(schema, payload);
    return fromBinary(schema, payload, { readUnknownFields: false });
  } catch (cause) {
    throw new TtrpcError("invalid_argument", `the request of ${method} cannot be decoded`, {
      cause,
    });
  }
}
