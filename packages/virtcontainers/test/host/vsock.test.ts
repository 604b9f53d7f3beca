import { once } from "node:events";
import { existsSync } from "node:fs";
import { rename } from "node:fs/promises";
import { createServer } from "node:net";
import { endianness } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { unixAddress, vsockAddress } from "../../src/host/addresses.ts";
import { createLibc } from "../../src/host/libc.ts";
import { createHost } from "../../src/host/real.ts";
import { connectWhenReady, firstFree } from "../../src/host/vsock.ts";
import { testFolder } from "../support/folder.ts";
import { soon } from "../support/soon.ts";

const libc = createLibc();

test.runIf(endianness() === "LE")("an address is encoded as the kernel has it", () => {
  expect(vsockAddress({ cid: 0x1_0203, port: 1024 }).toString("hex")).toBe(
    "28000000" + "00040000" + "03020100" + "00000000",
  );
});

test("an address is the first free one, upwards and then from the lowest", () => {
  const tried: number[] = [];
  const inUse = Object.assign(new Error("in use"), { code: "EADDRINUSE" });
  const taken = firstFree(
    (cid) => {
      tried.push(cid);
      if (cid !== 4) throw inUse;
    },
    2 ** 32 - 3,
  );
  expect(taken).toBe(4);
  expect(tried).toEqual([2 ** 32 - 3, 2 ** 32 - 2, 3, 4]);
  const take = (error: Error) => () => {
    throw error;
  };
  expect(() => firstFree(take(inUse))).toThrow(expect.objectContaining({ code: "BUSY" }));
  expect(() => firstFree(take(new Error("no device")))).toThrow("no device");
});

/** A unix socket stands for one of vsock: for both, only the kernel knows what is behind the address. */
test("a guest that does not listen yet is waited for; then bytes go both ways, and ends are seen", async () => {
  const folder = await testFolder();
  const path = join(folder, "agent.sock");
  const dead = createServer().listen(join(folder, "dead"));
  await once(dead, "listening");
  await rename(join(folder, "dead"), path);
  await once(dead.close(), "close");
  const connect = () => connectWhenReady(libc(), unixAddress(path), soon());
  const connecting = Promise.all([connect(), connect()]);
  const server = createServer({ allowHalfOpen: true }, (socket) => socket.pipe(socket));
  onTestFinished(() => void server.close());
  await once(server.listen(join(folder, "new")), "listening");
  await rename(join(folder, "new"), path);
  const clients = await connecting;
  for (const [index, client] of clients.entries()) {
    client.end(Buffer.alloc(300_000, index));
    let received = 0;
    for await (const chunk of client) received += chunk.length;
    expect(received).toBe(300_000);
  }
});

test("who gives up is not kept", async () => {
  const stop = new AbortController();
  const connecting = createHost().sockets.connectVsock(
    { cid: 0x7fff_fff0, port: 1024 },
    stop.signal,
  );
  stop.abort(new Error("enough"));
  await expect(connecting).rejects.toThrow("enough");
});

test.skipIf(existsSync("/dev/vhost-vsock"))(
  "a host without the device can't reserve one",
  async () => {
    await expect(createHost().sockets.reserveCid()).rejects.toMatchObject({
      code: "HOST_REQUIREMENT",
      message: expect.stringContaining("/dev/vhost-vsock"),
    });
  },
);
