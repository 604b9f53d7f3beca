import { once } from "node:events";
import { afterEach, expect, test, vi } from "vitest";
import { decodeRequest, encodeErrorResponse, encodeResponse } from "../src/envelope.ts";
import { TtrpcClient, TtrpcError } from "../src/index.ts";
import { frameBytes } from "./support/bytes.ts";
import { RawPeer } from "./support/raw-peer.ts";
import { refusal } from "./support/refusal.ts";
import { socketPair } from "./support/socket-pair.ts";

const clients: TtrpcClient[] = [];
afterEach(() => {
  vi.useRealTimers();
  for (const client of clients.splice(0)) client.close();
});

async function connect(options = {}) {
  const [near, far] = await socketPair();
  const client = new TtrpcClient(near, options);
  clients.push(client);
  return { client, near, peer: new RawPeer(far) };
}

const bytes = (...values: number[]) => Uint8Array.from(values);
const call = (client: TtrpcClient, options = {}) => client.call("s.S", "Do", bytes(1), options);

test("ids are odd and rise by two, frames are unary requests", async () => {
  const { client, peer } = await connect();
  const calls = [call(client), call(client), call(client)];
  for (const streamId of [1, 3, 5]) {
    const { header, body } = await peer.next();
    expect(header).toMatchObject({ streamId, type: 1, flags: 0 });
    expect(decodeRequest(body)).toMatchObject({ service: "s.S", method: "Do", timeoutNano: 0n });
    peer.send(...encodeResponse(streamId, bytes(streamId)));
  }
  expect((await Promise.all(calls)).map((answer) => [...answer])).toEqual([[1], [3], [5]]);
});

test("answers find their calls in any order", async () => {
  const { client, peer } = await connect();
  const calls = Array.from({ length: 50 }, () => call(client));
  for (const _ of calls) await peer.next();
  for (let n = calls.length - 1; n >= 0; n--) peer.send(...encodeResponse(2 * n + 1, bytes(n)));
  const answers = await Promise.all(calls);
  expect(answers.map((answer) => answer[0])).toEqual(calls.map((_, n) => n));
});

test("an error status fails its call alone", async () => {
  const { client, peer } = await connect();
  const [bad, good] = [call(client), call(client)];
  peer.send(...encodeErrorResponse(1, new TtrpcError("not_found", "no such container")));
  peer.send(...encodeResponse(3, bytes(9)));
  expect(await refusal(bad)).toMatchObject({
    code: "not_found",
    message: "[not_found] no such container",
    remote: true,
  });
  expect([...(await good)]).toEqual([9]);
});

test("a response of 1 MiB arrives whole", async () => {
  const { client, peer } = await connect();
  const payload = Buffer.alloc(1024 * 1024, "virtcontainers");
  const answer = call(client);
  peer.send(...encodeResponse(1, payload));
  expect(payload.equals(await answer)).toBe(true);
});

test("metadata and the deadline go with the request", async () => {
  const { client, peer } = await connect();
  const answer = call(client, { timeoutMs: 1500.5, metadata: { trace: "abc" } });
  const request = decodeRequest((await peer.next()).body);
  expect(request.timeoutNano).toBe(1_500_500_000n);
  expect(request.metadata).toEqual([["trace", "abc"]]);
  peer.send(...encodeResponse(1, bytes()));
  expect((await answer).length).toBe(0);
});

test("at the deadline the call fails, and its late answer is dropped and counted", async () => {
  const { client, peer } = await connect();
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  const late = refusal(call(client, { timeoutMs: 5000 }));
  vi.advanceTimersByTime(4999);
  const other = call(client);
  vi.advanceTimersByTime(1);
  expect(await late).toMatchObject({ code: "deadline_exceeded", remote: false });
  peer.send(...encodeResponse(1, bytes(1)), ...encodeResponse(3, bytes(3)));
  expect([...(await other)]).toEqual([3]);
  expect(client.strayResponses).toBe(1);
});

test("an abort fails the call with the signal's reason as cause", async () => {
  const { client } = await connect();
  const controller = new AbortController();
  const reason = new Error("enough");
  const aborted = call(client, { signal: controller.signal, timeoutMs: 60_000 });
  controller.abort(reason);
  expect(await refusal(aborted)).toMatchObject({ code: "cancelled", cause: reason });
});

test("a signal that has aborted before sends nothing", async () => {
  const { client, peer } = await connect();
  expect((await refusal(call(client, { signal: AbortSignal.abort("no") }))).cause).toBe("no");
  const next = call(client);
  expect((await peer.next()).header.streamId).toBe(1);
  peer.send(...encodeResponse(1, bytes()));
  await next;
});

test("the first reason wins", async () => {
  const { client, peer } = await connect();
  const controller = new AbortController();
  const first = call(client, { signal: controller.signal });
  peer.send(...encodeResponse(1, bytes(7)));
  expect([...(await first)]).toEqual([7]);
  controller.abort();

  const second = call(client, { signal: controller.signal });
  expect((await refusal(second)).code).toBe("cancelled");
  const third = new AbortController();
  const aborted = call(client, { signal: third.signal });
  third.abort();
  client.close();
  expect((await refusal(aborted)).code).toBe("cancelled");
});

test.each([0, -5])("a deadline of %i ms has passed", async (timeoutMs) => {
  const { client } = await connect();
  expect((await refusal(call(client, { timeoutMs }))).code).toBe("deadline_exceeded");
});

test.each([Number.NaN, Number.POSITIVE_INFINITY, 2 ** 31])(
  "%d ms is refused",
  async (timeoutMs) => {
    const { client } = await connect();
    const error = await refusal(call(client, { timeoutMs }));
    expect(error.code).toBe("invalid_argument");
    expect(error.text).toContain(`timeoutMs is ${timeoutMs}`);
  },
);

test("a request over the limit fails without being sent", async () => {
  const { client, peer } = await connect({ maxMessageBytes: 100 });
  const error = await refusal(client.call("s.S", "Do", new Uint8Array(100)));
  expect(error).toMatchObject({ code: "resource_exhausted", remote: false });
  expect(error.text).toContain("at most 100");
  const next = client.call("s.S", "Do", new Uint8Array(89));
  const { header } = await peer.next();
  expect(header).toMatchObject({ streamId: 1, length: 100 });
  peer.send(...encodeResponse(1, bytes()));
  await next;
});

test("4 MiB go through both ways, one byte more does not", async () => {
  const { client, peer } = await connect();
  const room = 4 * 1024 * 1024 - (2 + 3) - (2 + 2) - 5;
  const answer = client.call("s.S", "Do", new Uint8Array(room));
  expect((await peer.next()).header.length).toBe(4 * 1024 * 1024);
  peer.send(...encodeResponse(1, new Uint8Array(4 * 1024 * 1024 - 5)));
  expect((await answer).length).toBe(4 * 1024 * 1024 - 5);
  const tooLong = refusal(client.call("s.S", "Do", new Uint8Array(room + 1)));
  expect((await tooLong).code).toBe("resource_exhausted");
});

test.each([
  ["a frame of an unknown type", frameBytes(1, 9, bytes(1))],
  ["a request from the server", frameBytes(1, 1, bytes(1))],
  ["a data frame", frameBytes(1, 3, bytes(1))],
  ["a frame over the limit", frameBytes(1, 2, bytes(1), { length: 4 * 1024 * 1024 + 1 })],
  ["the length 0xffffffff", frameBytes(1, 2, bytes(1), { length: 0xffffffff })],
  ["an answer that is no Response", frameBytes(1, 2, bytes(0x0a, 0x7f))],
  ["text", new TextEncoder().encode("HTTP/1.1 400 Bad Request\r\n\r\n")],
])("%s ends the stream and every call", async (_name, garbage) => {
  const { client, near, peer } = await connect();
  const calls = [call(client), call(client)];
  peer.send(garbage);
  for (const error of await Promise.all(calls.map(refusal))) {
    expect(error).toMatchObject({ code: "internal", remote: false });
    expect(error.text).toContain("protocol violation");
  }
  expect((await client.closed)?.code).toBe("internal");
  expect(near.destroyed).toBe(true);
  expect((await refusal(call(client))).code).toBe("internal");
});

test("answers to calls never made, on odd and even ids, harm nobody", async () => {
  const { client, peer } = await connect();
  const answer = call(client);
  for (const id of [0, 2, 99, 0xffffffff]) peer.send(...encodeResponse(id, bytes(1)));
  peer.send(...encodeResponse(1, bytes(4)), ...encodeResponse(1, bytes(5)));
  expect([...(await answer)]).toEqual([4]);
  const next = call(client);
  peer.send(...encodeResponse(3, bytes(6)));
  await next;
  expect(client.strayResponses).toBe(5);
});

test("the peer closes: calls under way and later ones are unavailable", async () => {
  const { client, peer } = await connect();
  const pending = call(client);
  await peer.next();
  peer.stream.end();
  expect((await refusal(pending)).code).toBe("unavailable");
  expect(await client.closed).toBeUndefined();
  expect((await refusal(call(client))).code).toBe("unavailable");
});

test("the peer closes inside a frame: that is an error", async () => {
  const { client, peer } = await connect();
  const pending = call(client);
  peer.stream.end(frameBytes(1, 2, bytes(1, 2, 3)).subarray(0, 11));
  expect((await refusal(pending)).text).toContain("inside a frame");
  expect((await client.closed)?.code).toBe("internal");
});

test("a failing stream gives its error as cause", async () => {
  const { client, near } = await connect();
  const cause = new Error("read ECONNRESET");
  const pending = call(client);
  near.destroy(cause);
  expect(await refusal(pending)).toMatchObject({ code: "unavailable", cause });
  expect((await client.closed)?.cause).toBe(cause);
});

test("close ends calls and stream, and may be repeated", async () => {
  const { client, near, peer } = await connect();
  const pending = refusal(call(client));
  const gone = once(peer.stream, "end");
  client.close();
  client.close();
  expect((await pending).code).toBe("unavailable");
  expect(await client.closed).toBeUndefined();
  expect(near.destroyed).toBe(true);
  await gone;
});

test("a stream that is closed already", async () => {
  const [near] = await socketPair();
  near.destroy();
  const client = new TtrpcClient(near);
  expect((await refusal(call(client))).code).toBe("unavailable");
  expect(await client.closed).toBeUndefined();
});

test("a stream that was paused, with bytes put back after a handshake", async () => {
  const [near, far] = await socketPair();
  const answer = Buffer.concat(encodeResponse(1, bytes(8)));
  far.write(Buffer.concat([Buffer.from("hello"), answer.subarray(0, 7)]));
  const [first] = (await once(near, "data")) as [Buffer];
  near.pause();
  near.unshift(first.subarray(5));
  const client = new TtrpcClient(near);
  clients.push(client);
  const pending = call(client);
  far.write(answer.subarray(7));
  expect([...(await pending)]).toEqual([8]);
});

test("await using closes the client", async () => {
  const { client, near } = await connect();
  await client[Symbol.asyncDispose]();
  expect(near.destroyed).toBe(true);
});
