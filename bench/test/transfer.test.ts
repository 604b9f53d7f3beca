import { createServer } from "node:http";
import { connect } from "node:net";
import { expect, it, onTestFinished } from "vitest";
import { receive, request, send } from "../transfer.ts";

const host = "127.0.0.1";
const { signal } = new AbortController();

/** A guest that sends so many bytes. */
const sending = (bytes: number) => (port: number) =>
  new Promise((resolve) => {
    const socket = connect(port, host, () => socket.end(Buffer.alloc(bytes)));
    socket.resume().on("close", resolve);
  });

it("measures what a guest sends, all of it", async () => {
  expect(await receive(host, 2, sending(2 * 1024 * 1024), signal)).toBeGreaterThan(0);
  await expect(receive(host, 2, sending(1024 * 1024), signal)).rejects.toThrow(
    "sent 1048576 bytes",
  );
});

it("measures what a guest reads until it closes", async () => {
  let bytes = 0;
  const reading = (port: number) =>
    new Promise((resolve) => {
      const socket = connect(port, host);
      socket.on("data", (data) => (bytes += data.length));
      socket.on("close", resolve);
    });
  expect(await send(host, 3, reading, signal)).toBeGreaterThan(0);
  expect(bytes).toBe(3 * 1024 * 1024);
});

it("counts requests of a web server, and refuses empty answers", async () => {
  let asked = 0;
  let body = "page";
  const server = createServer((_request, answer) => {
    asked++;
    answer.end(body);
  }).listen(0, host);
  onTestFinished(() => void server.close());
  await new Promise((resolve) => server.once("listening", resolve));
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  expect(await request(host, 7, 3, signal, port)).toBeGreaterThan(0);
  expect(asked).toBe(7);
  body = "";
  await expect(request(host, 1, 1, signal, port)).rejects.toThrow("nothing");
});
