import { once } from "node:events";
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import {
  CheckRequestSchema,
  Health,
  HealthCheckResponseSchema,
  HealthCheckResponse_ServingStatus as Status,
} from "@virtcontainers/agent-protocol";
import { afterEach, expect, test, vi } from "vitest";
import { decodeResponse, encodeRequest } from "../src/envelope.ts";
import {
  type CallContext,
  type Frame,
  type ServiceImplementation,
  TtrpcError,
  TtrpcServer,
} from "../src/index.ts";
import { frameBytes } from "./support/bytes.ts";
import { RawPeer } from "./support/raw-peer.ts";
import { socketPair } from "./support/socket-pair.ts";

const open: { close(): void }[] = [];
afterEach(() => {
  vi.useRealTimers();
  for (const end of open.splice(0)) end.close();
});

async function serve(implementation: ServiceImplementation<typeof Health>, options = {}) {
  const [near, far] = await socketPair();
  const serving = new TtrpcServer(options).register(Health, implementation).serve(far);
  open.push(serving, { close: () => near.destroy() });
  return { peer: new RawPeer(near), serving };
}

function request(streamId: number, overrides: Partial<Parameters<typeof encodeRequest>[1]> = {}) {
  const payload = toBinary(CheckRequestSchema, create(CheckRequestSchema, { service: "x" }));
  const plain = { service: "grpc.Health", method: "Check", timeoutNano: 0n, metadata: [] };
  return Buffer.concat(encodeRequest(streamId, { ...plain, payload, ...overrides }));
}

const serving = { check: () => ({ status: Status.SERVING }) };

function statusOf({ body }: Frame): Status {
  const response = decodeResponse(body);
  if ("error" in response) throw response.error;
  return fromBinary(HealthCheckResponseSchema, response.payload).status;
}

function errorOf({ body }: Frame): string {
  const response = decodeResponse(body);
  return "error" in response ? response.error.message : expect.unreachable("no error");
}

test("an answer carries the id of its request, as a unary response", async () => {
  const { peer } = await serve(serving);
  peer.send(request(7));
  const frame = await peer.next();
  expect(frame.header).toMatchObject({ streamId: 7, type: 2, flags: 0 });
  expect(statusOf(frame)).toBe(Status.SERVING);
});

test.each([
  ["an even stream id", request(2), "[invalid_argument] stream id 2 is even, it must be odd"],
  [
    "an unknown service",
    request(1, { service: "grpc.Nothing" }),
    "[invalid_argument] grpc.Nothing service does not exist",
  ],
  [
    "an unknown method",
    request(1, { method: "Nothing" }),
    "[unimplemented] grpc.Health/Nothing is not supported",
  ],
  [
    "a method without handler",
    request(1, { method: "Version" }),
    "[unimplemented] grpc.Health/Version is not supported",
  ],
  [
    "a payload that is not the method's input",
    request(1, { payload: Uint8Array.of(0x0a, 0x7f) }),
    "[invalid_argument] the request of grpc.Health/Check cannot be decoded",
  ],
  [
    "an envelope that is none",
    frameBytes(1, 1, Uint8Array.of(0x0a, 0x7f)),
    "[invalid_argument] the request's envelope cannot be decoded",
  ],
  [
    "a streaming call",
    frameBytes(1, 1, request(1).subarray(10), { flags: 2 }),
    "[unimplemented] streaming calls are not supported",
  ],
  [
    "a message over the limit",
    frameBytes(1, 1, new Uint8Array(4 * 1024 * 1024 + 1)),
    "[invalid_argument] the message has 4194305 bytes, at most 4194304 are allowed",
  ],
])("%s gets its status, and the stream goes on", async (_name, bytes, message) => {
  const { peer } = await serve(serving);
  peer.send(bytes, request(9));
  const frame = await peer.next();
  expect(frame.header.streamId).toBe(Buffer.from(bytes).readUInt32BE(4));
  expect(errorOf(frame)).toBe(message);
  expect(statusOf(await peer.next())).toBe(Status.SERVING);
});

test("a message of 0xffffffff bytes is answered before its body comes", async () => {
  const { peer } = await serve(serving);
  peer.send(frameBytes(5, 1, new Uint8Array(0), { length: 0xffffffff }));
  expect(errorOf(await peer.next())).toContain("4294967295 bytes");
});

test.each([2, 3, 0, 200])("a frame of type %i ends the stream", async (type) => {
  const { peer, serving: stream } = await serve(serving);
  peer.send(frameBytes(1, type, Uint8Array.of(1)));
  await stream.closed;
});

test.each([
  [new TtrpcError("not_found", "gone"), "[not_found] gone"],
  [new RangeError("too small"), "[internal] too small"],
])("what a handler throws reaches the client: %s", async (thrown, message) => {
  const { peer } = await serve({
    check: () => {
      throw thrown;
    },
  });
  peer.send(request(1));
  expect(errorOf(await peer.next())).toBe(message);
});

test("calls are handled concurrently", async () => {
  const waiting: ((status: Status) => void)[] = [];
  const { peer } = await serve({
    check: async () => ({ status: await new Promise<Status>((resolve) => waiting.push(resolve)) }),
  });
  peer.send(request(1), request(3), request(5));
  await vi.waitFor(() => expect(waiting).toHaveLength(3));
  for (const answer of waiting.reverse()) answer(Status.SERVING);
  const ids = [await peer.next(), await peer.next(), await peer.next()];
  expect(ids.map(({ header }) => header.streamId)).toEqual([5, 3, 1]);
});

test("an id that is in use is refused, and may be used again later", async () => {
  let finish = () => {};
  const { peer } = await serve({
    check: () =>
      new Promise((resolve) => {
        finish = () => resolve({ status: Status.SERVING });
      }),
  });
  peer.send(request(1), request(1));
  expect(errorOf(await peer.next())).toContain("stream id 1 is in use");
  finish();
  expect(statusOf(await peer.next())).toBe(Status.SERVING);
  peer.send(request(1, { method: "Version" }));
  expect((await peer.next()).header.streamId).toBe(1);
});

test("at the deadline the client is answered and the handler's signal aborts", async () => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  let context: CallContext | undefined;
  let entered = () => {};
  const handling = new Promise<void>((resolve) => {
    entered = resolve;
  });
  const { peer } = await serve({
    check: (_request, given) => {
      context = given;
      entered();
      return new Promise(() => {});
    },
  });
  peer.send(request(1, { timeoutNano: 2_500_000_000n }));
  await handling;
  expect(context?.timeoutMs).toBe(2500);
  vi.advanceTimersByTime(2499);
  expect(context?.signal.aborted).toBe(false);
  vi.advanceTimersByTime(1);
  expect(errorOf(await peer.next())).toBe(
    "[deadline_exceeded] grpc.Health/Check took longer than 2500 ms",
  );
  expect(context?.signal.reason).toMatchObject({ code: "deadline_exceeded" });
});

test("metadata reach the handler, however they are named", async () => {
  const seen: ReadonlyMap<string, readonly string[]>[] = [];
  const { peer } = await serve({
    check: (_request, { metadata, timeoutMs }) => {
      expect(timeoutMs).toBeUndefined();
      seen.push(metadata);
      return {};
    },
  });
  const metadata = [
    ["__proto__", "x"],
    ["k", "1"],
    ["k", "2"],
  ] as const;
  peer.send(request(1, { metadata }));
  await peer.next();
  expect([...(seen[0] ?? [])]).toEqual([
    ["__proto__", ["x"]],
    ["k", ["1", "2"]],
  ]);
});

test("when the client goes, its calls are aborted and closed settles", async () => {
  let signal: AbortSignal | undefined;
  const { peer, serving: stream } = await serve({
    check: (_request, context) => {
      signal = context.signal;
      return new Promise(() => {});
    },
  });
  peer.send(request(1));
  await vi.waitFor(() => expect(signal).toBeDefined());
  peer.stream.destroy();
  await stream.closed;
  expect(signal?.reason).toMatchObject({ code: "cancelled" });
});

test("close ends the stream for the client", async () => {
  const { peer, serving: stream } = await serve(serving);
  const gone = once(peer.stream, "close");
  stream.close();
  stream.close();
  await stream.closed;
  await gone;
});

test("more calls than allowed are refused, the others stay", async () => {
  const finish: (() => void)[] = [];
  const { peer } = await serve(
    { check: () => new Promise((resolve) => finish.push(() => resolve({}))) },
    { maxConcurrentCalls: 2 },
  );
  peer.send(request(1), request(3), request(5));
  const refused = await peer.next();
  expect(refused.header.streamId).toBe(5);
  expect(errorOf(refused)).toContain("[resource_exhausted]");
  for (const done of finish) done();
  expect(statusOf(await peer.next())).toBe(Status.UNKNOWN);
  expect(statusOf(await peer.next())).toBe(Status.UNKNOWN);
});

test("an answer over the limit becomes an error", async () => {
  const [near, far] = await socketPair();
  const server = new TtrpcServer({ maxMessageBytes: 200 }).register(Health, {
    version: () => ({ agentVersion: "x".repeat(300) }),
  });
  open.push(server.serve(far), { close: () => near.destroy() });
  const peer = new RawPeer(near);
  peer.send(request(1, { method: "Version" }));
  expect(errorOf(await peer.next())).toContain("[resource_exhausted] the answer takes 3");
});

test("a client that does not read is not read from either", async () => {
  let calls = 0;
  const [near, far] = await socketPair();
  const server = new TtrpcServer({ maxConcurrentCalls: 10_000 }).register(Health, {
    version: () => {
      calls++;
      return { agentVersion: "x".repeat(100_000) };
    },
  });
  open.push(server.serve(far), { close: () => near.destroy() });
  const count = 5000;
  for (let n = 0; n < count; n++) near.write(request(2 * n + 1, { method: "Version" }));
  await vi.waitFor(() => expect(far.isPaused()).toBe(true));
  expect(calls).toBeLessThan(count);
  const peer = new RawPeer(near);
  for (let n = 0; n < count; n++) await peer.next();
  expect(calls).toBe(count);
});

test("a stream that was paused is served", async () => {
  const [near, far] = await socketPair();
  far.pause();
  open.push(new TtrpcServer().register(Health, serving).serve(far), {
    close: () => near.destroy(),
  });
  const peer = new RawPeer(near);
  peer.send(request(1));
  expect(statusOf(await peer.next())).toBe(Status.SERVING);
});

test("a service can be registered once", () => {
  const server = new TtrpcServer().register(Health, serving);
  expect(() => server.register(Health, serving)).toThrow("[already_exists]");
});
