import { spawn } from "node:child_process";
import { once } from "node:events";
import { constants, rmSync, symlinkSync } from "node:fs";
import { mkdir, open, rename, stat, symlink, writeFile } from "node:fs/promises";
import { createServer, type Server, type Socket } from "node:net";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { createLibc } from "../../src/host/libc.ts";
import { createHost } from "../../src/host/real.ts";
import { createSockets } from "../../src/host/sockets.ts";
import { testFolder } from "../support/folder.ts";
import { soon } from "../support/soon.ts";

const { sockets } = createHost();

/** A server on a socket of this fd. */
function serve(fd: number): Server {
  const server = createServer((socket) => socket.end("hello")).listen({ fd });
  onTestFinished(() => void server.close());
  return server;
}

async function read(stream: NodeJS.ReadableStream): Promise<string> {
  let text = "";
  for await (const chunk of stream) text += String(chunk);
  return text;
}

test("sockets work below paths of more than 107 bytes, and are ours alone", async () => {
  const folder = join(await testFolder(), "d".repeat(120));
  await mkdir(folder);
  const path = join(folder, "agent.0.sock");
  serve(await sockets.listen(path));
  expect((await stat(path)).mode & 0o777).toBe(0o600);
  expect(await read(await sockets.connect(path))).toBe("hello");
});

test.skipIf(process.getuid?.() !== 0)(
  "what is put in a socket's place gets neither its mode nor its owner (needs root)",
  async () => {
    const folder = await testFolder();
    const [path, precious] = [join(folder, "sock"), join(folder, "precious")];
    await writeFile(precious, "", { mode: 0o644 });
    const libc = createLibc()();
    // A race that can't be won at will.
    const listenUnix: typeof libc.listenUnix = (at, backlog) => {
      const fd = libc.listenUnix(at, backlog);
      rmSync(path);
      symlinkSync(precious, path);
      return fd;
    };
    const raced = createSockets(() => ({ ...libc, listenUnix }));
    await expect(raced.listen(path, { uid: 65_123, gid: 65_124 })).rejects.toMatchObject({
      code: "HOST_FAILED",
    });
    const { uid, mode } = await stat(precious);
    expect([uid, mode & 0o777]).toEqual([0, 0o644]);
  },
);

test.skipIf(process.getuid?.() !== 0)("a socket gets its owner (needs root)", async () => {
  const path = join(await testFolder(), "sock");
  serve(await sockets.listen(path, { uid: 65_123, gid: 65_124 }));
  expect(await stat(path)).toMatchObject({ uid: 65_123, gid: 65_124 });
});

test("a socket that is not there yet is waited for", async () => {
  const folder = await testFolder();
  const path = join(folder, "sock");
  const connecting = sockets.connectWhenReady(path, soon());
  await once(createServer().listen(join(folder, "other")).unref(), "listening");
  serve(await sockets.listen(path));
  expect(await read(await connecting)).toBe("hello");
});

test("a socket that nobody serves is waited for until somebody does", async () => {
  const folder = await testFolder();
  const path = join(folder, "sock");
  const dead = createServer().listen(join(folder, "dead"));
  await once(dead, "listening");
  await rename(join(folder, "dead"), path);
  dead.close();
  await once(dead, "close");
  const connecting = sockets.connectWhenReady(path, soon());
  serve(await sockets.listen(join(folder, "new")));
  await rename(join(folder, "new"), path);
  expect(await read(await connecting)).toBe("hello");
});

test("waiting ends by the signal", async () => {
  const path = join(await testFolder(), "sock");
  const stop = new AbortController();
  const reason = new Error("enough");
  const connecting = sockets.connectWhenReady(path, stop.signal);
  stop.abort(reason);
  await expect(connecting).rejects.toBe(reason);
  await expect(sockets.connectWhenReady(path, stop.signal)).rejects.toBe(reason);
});

test("a missing socket, a missing folder and a symlink are failures", async () => {
  const folder = await testFolder();
  const path = join(folder, "sock");
  serve(await sockets.listen(path));
  await symlink(path, join(folder, "link"));
  for (const wrong of ["none", "none/sock", "link"]) {
    await expect(sockets.connect(join(folder, wrong))).rejects.toMatchObject({
      code: "HOST_FAILED",
      message: expect.stringContaining(wrong),
    });
  }
  await expect(
    sockets.connectWhenReady(join(folder, "none", "sock"), soon()),
  ).rejects.toMatchObject({ code: "HOST_FAILED" });
});

test("an open file is handed to another process, which reads it without a right to its path", async () => {
  const folder = await testFolder();
  const path = join(folder, "sock");
  const secret = join(folder, "secret");
  await writeFile(secret, "only by descriptor");
  const receiver = spawn("python3", ["-c", receive, path], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  onTestFinished(() => void receiver.kill());
  const socket = await sockets.connectPassing(path, soon());
  onTestFinished(() => void socket.stream.destroy());
  const file = await open(secret, constants.O_RDONLY);
  socket.send(Buffer.from("take it"), file.fd);
  await file.close();
  expect(await read(receiver.stdout)).toBe("take it: only by descriptor\n");
});

const receive = `
import array, os, socket, sys
server = socket.socket(socket.AF_UNIX)
server.bind(sys.argv[1])
server.listen(1)
client, _ = server.accept()
data, ancillary, _, _ = client.recvmsg(100, socket.CMSG_SPACE(4))
fd = array.array("i", ancillary[0][2])[0]
print(data.decode() + ": " + os.read(fd, 100).decode())
`;

test("a connection that is broken off ends no process, whether or not anybody reads it", async () => {
  const path = join(await testFolder(), "sock");
  // Closing with unread bytes resets the connection.
  const server = createServer({ pauseOnConnect: true }, (client) => {
    peer = client;
  });
  let peer: Socket | undefined;
  await once(server.listen(path), "listening");
  onTestFinished(() => void server.close());
  const connections = [
    () => sockets.connect(path),
    () => sockets.connectWhenReady(path, soon()),
    async () => (await sockets.connectPassing(path, soon())).stream,
  ];
  for (const connect of connections) {
    const accepted = once(server, "connection");
    const stream = await connect();
    await accepted;
    await new Promise<void>((resolve) => stream.write("unread", () => resolve()));
    peer?.destroy();
    stream.resume();
    await new Promise<void>((resolve) => stream.once("close", resolve));
    expect(stream.errored).toMatchObject({ code: "ECONNRESET" });
  }
});
