import { once } from "node:events";
import { createServer, type Socket } from "node:net";
import { connect } from "node:tls";
import { beforeAll, describe, expect, it } from "vitest";
import { peekClientHello } from "../../../src/network/egress/helper/splice/client-hello.ts";
import { peekHttpHead } from "../../../src/network/egress/helper/splice/http/head.ts";

/** What Node.js sends first. */
async function helloFor(servername: string | undefined): Promise<Buffer> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  const client = connect({
    host: "127.0.0.1",
    port,
    ...(servername !== undefined && { servername }),
  });
  client.on("error", () => {});
  const [socket]: Socket[] = await once(server, "connection");
  const [bytes] = (await once(socket as Socket, "data")) as [Buffer];
  client.destroy();
  socket?.destroy();
  server.close();
  return bytes;
}

/** The same message in records of `size` bytes. */
function inRecords(hello: Buffer, size: number): Buffer {
  const message = hello.subarray(5);
  const parts: Buffer[] = [];
  for (let at = 0; at < message.length; at += size) {
    const part = message.subarray(at, at + size);
    parts.push(Buffer.from([22, 3, 1, part.length >> 8, part.length & 0xff]), part);
  }
  return Buffer.concat(parts);
}

describe("a ClientHello", () => {
  let hello: Buffer;
  beforeAll(async () => {
    hello = await helloFor("example.com");
  });

  it("is read when it is whole, in one record or in many", () => {
    for (let length = 0; length < hello.length; length += 1)
      expect(peekClientHello(hello.subarray(0, length)), `${length} bytes`).toBe("more");
    expect(peekClientHello(hello)).toEqual({ name: "example.com" });
    for (const size of [1, 3, 4, 100])
      expect(peekClientHello(inRecords(hello, size))).toEqual({ name: "example.com" });
  });

  it("without a name is refused", async () => {
    expect(peekClientHello(await helloFor(undefined))).toEqual({ nameless: "it names no server" });
  });

  it("that is damaged, or something else, is refused and never waited for without end", () => {
    expect(peekClientHello(Buffer.from([21, 3, 1, 0, 2, 1, 0]))).toEqual({
      nameless: "it is not TLS",
    });
    expect(peekClientHello(Buffer.from([22, 3, 1, 0, 0]))).toMatchObject({
      wrong: expect.any(String),
    });
    expect(peekClientHello(Buffer.from([22, 3, 1, 0, 4, 2, 0, 0, 0]))).toMatchObject({
      wrong: expect.stringContaining("ClientHello"),
    });
    // Each length within it, too long or too short.
    for (let at = 9; at < hello.length; at += 1) {
      const changed = Buffer.from(hello);
      changed[at] = (changed[at] ?? 0) ^ 0xff;
      const found = peekClientHello(changed);
      if (typeof found === "object" && "name" in found) expect(found.name).toHaveLength(11);
      else expect(Object.values(found)).toEqual([expect.any(String)]);
    }
  });

  it("in very many records is read in a time that grows with its length alone", () => {
    const long = Buffer.alloc(32 * 1024, 0);
    long.set([1, 0, 0x7f, 0xff]);
    const before = process.cpuUsage();
    for (let round = 0; round < 50; round += 1)
      expect(peekClientHello(inRecords(Buffer.concat([Buffer.alloc(5), long]), 1))).toEqual("more");
    expect(process.cpuUsage(before).user / 1000).toBeLessThan(5000);
  });
});

describe("the head of a request", () => {
  const peek = (text: string) => peekHttpHead(Buffer.from(text, "latin1"));

  it("tells its host, without a port and in small letters", () => {
    expect(peek("GET / HTTP/1.1\r\nHost: Example.com:8080\r\nA: b\r\n\r\nbody")).toEqual({
      name: "example.com",
    });
    expect(peek("GET http://example.com/x HTTP/1.1\r\nhost:example.com\r\n\r\n")).toEqual({
      name: "example.com",
    });
    expect(peek("GET / HTTP/1.1\r\nHost: exam")).toBe("more");
    expect(peek("GE")).toBe("more");
  });

  it.each([
    ["GET / HTTP/1.1\r\nHost: a.test\r\nHost: b.test\r\n\r\n", "twice"],
    ["GET http://b.test/ HTTP/1.1\r\nHost: a.test\r\n\r\n", "another host"],
    ["CONNECT b.test:443 HTTP/1.1\r\nHost: a.test\r\n\r\n", "another host"],
    ["GET http://a.test@b.test/ HTTP/1.1\r\nHost: a.test\r\n\r\n", "another host"],
    ["GET / HTTP/1.1\r\nHost: a.test\nHost: b.test\r\n\r\n", "damaged"],
    ["GET / HTTP/1.1\nHost: a.test\n\n", "damaged"],
    ["\nGET / HTTP/1.1\r\nHost: a.test\r\n", "damaged"],
    ["\r\nGET / HTTP/1.1\r\nHost: a.test\r\n\r\n", "not HTTP/1"],
    ["GET  / HTTP/1.1\r\nHost: a.test\r\n\r\n", "not HTTP/1"],
    ["GET\t/ HTTP/1.1\r\nHost: a.test\r\n\r\n", "not HTTP/1"],
    ["GET / HTTP/1.1\r\nHost: a.test\r\n Host: b.test\r\n\r\n", "damaged"],
    ["GET / HTTP/1.1\r\nHost : a.test\r\n\r\n", "damaged"],
    ["GET / HTTP/1.1\r\nHost: a.test, b.test\r\n\r\n", "no name"],
    ["GET / HTTP/1.1\r\nHost: a.test\r\nConnection: close, Host\r\n\r\n", "left out"],
    ["PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "HTTP/2"],
    ["GET / HTTP/2.0\r\nHost: a.test\r\n\r\n", "not HTTP/1"],
    [
      "POST / HTTP/1.1\r\nHost: a.test\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n",
      "length",
    ],
    ["POST / HTTP/1.1\r\nHost: a.test\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\n", "length"],
    ["POST / HTTP/1.1\r\nHost: a.test\r\nContent-Length: 3, 3\r\n\r\n", "length"],
    ["POST / HTTP/1.1\r\nHost: a.test\r\nContent-Length: +3\r\n\r\n", "length"],
    ["POST / HTTP/1.1\r\nHost: a.test\r\nTransfer-Encoding: chunked, identity\r\n\r\n", "length"],
    ["POST / HTTP/1.1\r\nHost: a.test\r\nTransfer-Encoding: xchunked\r\n\r\n", "length"],
    ["POST / HTTP/1.1\r\nHost: a.test\r\nTransfer-Encoding: \u000bchunked\r\n\r\n", "damaged"],
    ["POST / HTTP/1.0\r\nHost: a.test\r\nTransfer-Encoding: chunked\r\n\r\n", "length"],
  ])("%j is refused", (text, why) => {
    expect(peek(text)).toEqual({ wrong: expect.stringContaining(why) });
  });

  it.each([
    ["GET / HTTP/1.0\r\nA: b\r\n\r\n", "no host"],
    ["\u0000\u0001\u0002", "not HTTP"],
    ["SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n", "not HTTP"],
  ])("%j is for no name", (text, why) => {
    expect(peek(text)).toEqual({ nameless: expect.stringContaining(why) });
  });
});
