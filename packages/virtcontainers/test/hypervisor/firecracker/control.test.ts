import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { createServer as createRawServer, type Server, type Socket } from "node:net";
import { join } from "node:path";
import { Duplex } from "node:stream";
import * as v from "valibot";
import { expect, onTestFinished, test } from "vitest";
import { createHost } from "../../../src/host/real.ts";
import { connectionPhase, FirecrackerApi } from "../../../src/hypervisor/firecracker/control.ts";
import { testFolder } from "../../support/folder.ts";
import { refusal } from "../../support/refusal.ts";
import { soon } from "../../support/soon.ts";

const host = createHost();
const Told = v.object({ firecracker_version: v.string() });

async function listening(server: Server): Promise<FirecrackerApi> {
  const path = join(await testFolder(), "api.sock");
  const clients = new Set<Socket>();
  server.on("connection", (client) => {
    client.on("error", () => {});
    clients.add(client);
  });
  await once(server.listen(path), "listening");
  onTestFinished(() => {
    for (const client of clients) client.destroy();
    server.close();
  });
  return new FirecrackerApi(host, path);
}

/** A server of HTTP that gives each request to `serve`, and what it was sent. */
async function serving(serve: (request: IncomingMessage, response: ServerResponse) => void) {
  const sent: { line: string; length: string | undefined; body: string }[] = [];
  const server = createServer(async (request, response) => {
    const parts: Buffer[] = [];
    for await (const part of request) parts.push(part);
    const line = `${request.method} ${request.url}`;
    const body = Buffer.concat(parts).toString();
    sent.push({ line, length: request.headers["content-length"], body });
    serve(request, response);
  });
  return { api: await listening(server), sent };
}

/** A server that answers with these bytes, whatever it is asked. */
async function answering(bytes: string | Buffer, end = true) {
  return await listening(
    createRawServer((client) => {
      client.once("data", () => (end ? client.end(bytes) : client.write(bytes)));
    }),
  );
}

test("a write is sent whole, with its length, and nothing is expected back", async () => {
  const { api, sent } = await serving((_, response) => response.writeHead(204).end());
  await api.put("/vsock", { uds_path: "/é" }, soon());
  await api.patch("/vm", { state: "Paused" }, soon());
  await api.delete("/drives/a", soon());
  expect(sent).toEqual([
    { line: "PUT /vsock", length: "18", body: '{"uds_path":"/é"}' },
    { line: "PATCH /vm", length: "18", body: '{"state":"Paused"}' },
    { line: "DELETE /drives/a", length: undefined, body: "" },
  ]);
});

test("what is read is checked", async () => {
  const { api } = await serving((_, response) => {
    response.writeHead(200).end('{"firecracker_version":"1.16.1"}');
  });
  expect(await api.get("/version", Told, soon())).toEqual({ firecracker_version: "1.16.1" });
  const other = v.object({ state: v.string() });
  const error = await refusal(api.get("/", other, soon()), "HYPERVISOR_FAILED");
  expect(error.message).toContain("GET /");
});

test("a refusal has Firecracker's own words, made safe to print", async () => {
  const { api } = await serving((_, response) => {
    response.writeHead(400).end('{"fault_message":"unknown field \\u001b[1m`x`"}');
  });
  const error = await refusal(api.put("/vm", {}, soon()), "HYPERVISOR_FAILED");
  expect(error.message).toBe("Firecracker refused PUT /vm: unknown field \ufffd[1m`x`");
  expect(error.phase).toBeUndefined();
});

test.each([
  ["no HTTP", "hello\r\n\r\n"],
  ["a status of nothing we ask", "HTTP/1.1 302 Found\r\nLocation: /x\r\nContent-Length: 0\r\n\r\n"],
  ["another protocol", "HTTP/1.1 101 X\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n"],
  ["a refusal without words", "HTTP/1.1 400 Bad\r\nContent-Length: 2\r\n\r\n{}"],
  ["a refusal that is no JSON", "HTTP/1.1 500 Bad\r\nContent-Length: 4\r\n\r\noops"],
  ["a body that breaks off", "HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{"],
  ["endless headers", `HTTP/1.1 200 OK\r\nX: ${"x".repeat(100_000)}`],
  ["nothing", ""],
])("an answer that is %s is HYPERVISOR_FAILED", async (_, bytes) => {
  const api = await answering(bytes);
  const reading = await refusal(api.get("/version", Told, soon()), "HYPERVISOR_FAILED");
  expect(reading.message).toContain("GET /version");
  await refusal(api.put("/vm", {}, soon()), "HYPERVISOR_FAILED");
});

test("an answer without an end is not kept", async () => {
  const head = `HTTP/1.1 200 OK\r\nContent-Length: ${1024 ** 3}\r\n\r\n`;
  const api = await answering(Buffer.concat([Buffer.from(head), Buffer.alloc(300 * 1024)]), false);
  const error = await refusal(api.get("/version", Told, soon()), "HYPERVISOR_FAILED");
  expect(error.message).toContain("more than 262144 bytes");
});

test("a body that Firecracker would refuse for its size is not sent", async () => {
  const { api, sent } = await serving((_, response) => response.writeHead(204).end());
  const body = { boot_args: "x".repeat(51_200) };
  const error = await refusal(api.put("/boot-source", body, soon()), "HYPERVISOR_FAILED");
  expect(error.message).toContain("51200 bytes");
  expect(sent).toEqual([]);
});

test("a socket that nobody serves, or that is closed at once, is a lost connection", async () => {
  const folder = await testFolder();
  const nobody = new FirecrackerApi(host, join(folder, "none.sock"));
  const closing = await listening(createRawServer((client) => client.destroy()));
  for (const api of [nobody, closing]) {
    const error = await refusal(api.put("/vm", {}, soon()), "HYPERVISOR_FAILED");
    expect(error).toMatchObject({ phase: connectionPhase });
  }
});

test("a call that is never answered ends with its caller's signal, and its connection is closed", async () => {
  let onAsked = (_: Socket): void => {};
  const asked = new Promise<Socket>((resolve) => {
    onAsked = resolve;
  });
  const api = await listening(
    createRawServer((client) => client.once("data", () => onAsked(client))),
  );
  const canceling = new AbortController();
  const call = refusal(api.put("/vm", {}, canceling.signal), "CANCELED");
  const client = await asked;
  const closed = once(client, "close");
  canceling.abort();
  const error = await call;
  expect(error.message).toContain("PUT /vm");
  client.resume();
  await closed;
});

test("a call whose signal is over is not sent", async () => {
  const { api, sent } = await serving((_, response) => response.writeHead(204).end());
  await refusal(api.put("/vm", {}, AbortSignal.abort()), "CANCELED");
  expect(sent).toEqual([]);
});

test("a connection that went before the request had it is lost at once", async () => {
  const gone = new Duplex({ read() {}, write: (_chunk, _encoding, done) => done() });
  const closed = once(gone, "close");
  gone.destroy();
  await closed;
  const api = new FirecrackerApi({ sockets: { connect: async () => gone } }, "/api.sock");
  const error = await refusal(api.put("/vm", {}, soon()), "HYPERVISOR_FAILED");
  expect(error).toMatchObject({ phase: connectionPhase });
});
