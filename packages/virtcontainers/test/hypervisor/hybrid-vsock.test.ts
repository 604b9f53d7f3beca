import { once } from "node:events";
import { createServer, type Server, type Socket } from "node:net";
import { join } from "node:path";
import type { Duplex } from "node:stream";
import { expect, onTestFinished, test } from "vitest";
import { createHost } from "../../src/host/real.ts";
import { connectHybridVsock } from "../../src/hypervisor/hybrid-vsock.ts";
import { testFolder } from "../support/folder.ts";
import { refusal } from "../support/refusal.ts";

const host = createHost();

/** A VMM's socket that does this with its nth connection; what it was told, and how often it was dialled. */
async function vmm(serve: (client: Socket, nth: number) => void) {
  const path = join(await testFolder(), "vsock.sock");
  const told: string[] = [];
  const clients = new Set<Socket>();
  const server: Server = createServer((client) => {
    clients.add(client);
    client.on("error", () => {});
    client.once("data", (data) => {
      told.push(String(data));
      serve(client, told.length);
    });
  });
  await once(server.listen(path), "listening");
  onTestFinished(() => {
    for (const client of clients) client.destroy();
    server.close();
  });
  return { path, told };
}

/** What the guest says next. */
async function word(stream: Duplex): Promise<string> {
  const heard = once(stream, "data");
  stream.resume();
  return String((await heard)[0]);
}

async function dial(path: string, signal = new AbortController().signal) {
  const stream = await connectHybridVsock(host, { path, port: 1024 }, signal);
  onTestFinished(() => void stream.destroy());
  return stream;
}

test("it asks for a port, and what comes after the answer is the guest's first word", async () => {
  const { path, told } = await vmm((client) => client.write("OK 1073741824\nhello"));
  const stream = await dial(path);
  expect(await word(stream)).toBe("hello");
  expect(told).toEqual(["CONNECT 1024\n"]);
});

test("an answer may come in pieces", async () => {
  const { path } = await vmm(async (client) => {
    for (const piece of "OK 52\nx") {
      await new Promise<void>((resolve) => client.write(piece, () => resolve()));
      await new Promise((resolve) => setImmediate(resolve));
    }
  });
  expect(await word(await dial(path))).toBe("x");
});

test("while nobody listens in the guest it is dialled again", async () => {
  const { path, told } = await vmm((client, nth) => {
    if (nth < 4) client.destroy();
    else client.write("OK 1\n");
  });
  await dial(path);
  expect(told).toHaveLength(4);
});

test("a connection that is closed before it is spoken on is one that is dialled again", async () => {
  const { path, told } = await vmm((client) => client.write("OK 1\n"));
  const { sockets } = host;
  let dials = 0;
  const closing = {
    ...sockets,
    connectWhenReady: async (at: string, signal: AbortSignal) => {
      const stream = await sockets.connectWhenReady(at, signal);
      if (++dials === 1) await once(stream.destroy(), "close");
      return stream;
    },
  };
  const signal = new AbortController().signal;
  const stream = await connectHybridVsock({ sockets: closing }, { path, port: 1024 }, signal);
  stream.destroy();
  expect([dials, told.length]).toEqual([2, 1]);
});

test("a port that nobody ever listens on is dialled until the caller has enough", async () => {
  const enough = new AbortController();
  const { path, told } = await vmm((client, nth) => {
    client.destroy();
    if (nth === 3) enough.abort(new Error("enough"));
  });
  await expect(dial(path, enough.signal)).rejects.toThrow("enough");
  expect(told).toHaveLength(3);
});

test("a caller that has enough while no answer comes is not kept", async () => {
  const enough = new AbortController();
  const { path } = await vmm(() => enough.abort(new Error("enough")));
  await expect(dial(path, enough.signal)).rejects.toThrow("enough");
});

test.each(["NO\n", "OK\n", "OK 1 2\n", "OK 12345678901\n", "x".repeat(65), "\u001b[31mOK 1\n"])(
  "an answer that is none is refused, and not printed raw: %j",
  async (answer) => {
    const { path } = await vmm((client) => client.write(answer));
    const refused = await refusal(dial(path), "PROTOCOL_VIOLATION");
    expect(String(refused)).not.toContain("\u001b");
  },
);
