import { Readable } from "node:stream";
import { buffer } from "node:stream/consumers";
import { describe, expect, it } from "vitest";
import { Requests } from "../../../src/network/egress/helper/splice/http/requests.ts";
import { hasSwitched } from "../../../src/network/egress/helper/splice/http/switched.ts";

const get = "GET / HTTP/1.1\r\nHost: a.test\r\n\r\n";
const foreign = "GET / HTTP/1.1\r\nHost: evil.test\r\n\r\n";
const post = (headers: string, body: string) =>
  `POST / HTTP/1.1\r\nHost: a.test\r\n${headers}\r\n\r\n${body}`;
const webSocket =
  "GET / HTTP/1.1\r\nHost: a.test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n";

/** What passes of a connection for a.test, in pieces of a size, and why it ends. */
async function pass(
  text: string,
  size = text.length,
  switched: () => Promise<boolean> = async () => false,
): Promise<{ passed: string; why: string | undefined }> {
  const requests = new Requests({
    refusal: (name) => (name === "a.test" ? undefined : `not ${name}`),
    switched,
  });
  let passed = "";
  requests.on("data", (bytes) => {
    passed += bytes.toString("latin1");
  });
  const ended = new Promise<string | undefined>((resolve) =>
    requests.on("end", () => resolve(undefined)).on("error", ({ message }) => resolve(message)),
  );
  for (let at = 0; at < text.length; at += size)
    requests.write(Buffer.from(text.slice(at, at + size), "latin1"));
  requests.end();
  return { why: await ended, passed };
}

describe("the requests of one connection", () => {
  const good = [
    get,
    post("Content-Length: 5", "hello"),
    post("Transfer-Encoding: chunked", "5\r\nhello\r\nA;x=y\r\n0123456789\r\n0\r\n\r\n"),
    post("Content-Length: 0", ""),
    get,
  ].join("");

  it.each([1, 2, 7, 64, 10_000])("pass as they are, in pieces of %d bytes", async (size) => {
    expect(await pass(good, size)).toEqual({ passed: good, why: undefined });
  });

  it.each([
    ["right behind another one", get],
    ["behind a body", post("Content-Length: 5", "hello")],
    ["behind chunks", post("Transfer-Encoding: chunked", "5\r\nhello\r\n0\r\n\r\n")],
    ["behind a body that has another host", post(`Content-Length: ${foreign.length}`, foreign)],
  ])("but none for another host, %s", async (_where, before) => {
    for (const size of [1, 10_000])
      expect(await pass(before + foreign, size)).toEqual({ passed: before, why: "not evil.test" });
  });

  it.each([
    [
      "a length and chunks",
      post("Content-Length: 4\r\nTransfer-Encoding: chunked", `0\r\n\r\n${foreign}`),
    ],
    [
      "chunks and a length",
      post("Transfer-Encoding: chunked\r\nContent-Length: 99", `0\r\n\r\n${foreign}`),
    ],
    ["two lengths", post("Content-Length: 0\r\nContent-Length: 99", foreign)],
    ["chunks by another name", post("Transfer-Encoding: Chunked, chunked", `0\r\n\r\n${foreign}`)],
    ["a header with a space", post("Transfer-Encoding : chunked", `0\r\n\r\n${foreign}`)],
    ["a header in two lines", post("Transfer-Encoding:\r\n chunked", `0\r\n\r\n${foreign}`)],
  ])("and none of which two readers understand different ends: %s", async (_what, text) => {
    const { passed, why } = await pass(get + text);
    expect(passed).toBe(get);
    expect(why).toMatch(/unclear|damaged/);
  });

  it.each([
    ["a size that is none", "0x5\r\nhello\r\n"],
    ["a sign", "+5\r\nhello\r\n"],
    ["a line feed alone", `5\nhello\r\n0\r\n\r\n${foreign}`],
    ["more than its size", `5\r\nhello!\r\n0\r\n\r\n${foreign}`],
    ["headers after it", "0\r\nHost: evil.test\r\n\r\n"],
    ["a line without an end", `5;${"x".repeat(5000)}`],
    ["a line feed in an extension", `5;a\nb\r\nhello\r\n0\r\n\r\n${foreign}`],
  ])("nor chunks that are damaged: %s", async (_what, chunks) => {
    const { passed, why } = await pass(post("Transfer-Encoding: chunked", chunks));
    expect(why).toBe("a chunk is damaged");
    expect(passed).not.toContain("Host: evil.test");
  });

  it("nor a head that has no end", async () => {
    expect(await pass(`${get}GET / HTTP/1.1\r\nA: ${"x".repeat(40_000)}`, 1000)).toEqual({
      passed: get,
      why: "its head is too long",
    });
  });

  it("go without asking for HTTP/2, and what follows is looked at", async () => {
    const asks = post(
      "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAAA",
      "",
    );
    const { passed, why } = await pass(asks + foreign);
    expect(passed).toBe(post("Connection: Upgrade, HTTP2-Settings", ""));
    expect(why).toBe("not evil.test");
  });

  it("become a WebSocket when the server agrees, and else stay requests", async () => {
    const frames = "\x81\x05anything\r\n\r\n";
    expect(await pass(webSocket + frames, 10, async () => true)).toEqual({
      passed: webSocket + frames,
      why: undefined,
    });
    expect(await pass(webSocket + foreign, 10, async () => false)).toEqual({
      passed: webSocket,
      why: "not evil.test",
    });
    // An answer to an earlier request would be taken for the one to this.
    expect(await pass(get + webSocket + frames, 10_000, async () => true)).toEqual({
      passed: get,
      why: expect.stringContaining("first request"),
    });
  });
});

describe("a server", () => {
  it.each([
    [true, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n"],
    [true, "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 101 Switching Protocols\r\n\r\n"],
    [false, "HTTP/1.1 200 OK\r\n\r\nHTTP/1.1 101 Switching Protocols\r\n\r\n"],
    [false, "HTTP/1.1 103 Early Hints\r\nA: HTTP/1.1 101 x\r\n\r\nHTTP/1.1 404 Not Found\r\n\r\n"],
    [false, "anything\r\n\r\nHTTP/1.1 101 Switching Protocols\r\n\r\n"],
    [false, "HTTP/1.1 101"],
  ])("has switched: %s, if it says %j", async (switched, text) => {
    for (const size of [1, text.length]) {
      const parts = text.match(new RegExp(`.{1,${size}}`, "gs")) ?? [];
      const server = Readable.from(parts.map((part) => Buffer.from(part)));
      const found = hasSwitched(server);
      await buffer(server);
      expect(await found).toBe(switched);
    }
  });
});
