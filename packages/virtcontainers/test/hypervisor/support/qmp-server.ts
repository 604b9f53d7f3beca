import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { testFolder } from "../../support/folder.ts";

export const greeting = `${JSON.stringify({ QMP: { version: {}, capabilities: [] } })}\r\n`;

/** A unix socket server that plays a script; gives the client's end of a connection to it. */
export async function scripted(serve: (client: Socket) => void): Promise<Socket> {
  const path = join(await testFolder(), "qmp.sock");
  const server = createServer((socket) => {
    socket.on("error", () => {});
    serve(socket);
  });
  await once(server.listen(path), "listening");
  const socket = connect(path);
  await once(socket, "connect");
  onTestFinished(() => {
    socket.destroy();
    server.close();
  });
  return socket;
}

/** Greets, and answers each command by the given function; undefined: no answer. */
export function answering(
  answer: (command: string, args: unknown, client: Socket) => object | undefined,
): (client: Socket) => void {
  return (client) => {
    client.write(greeting);
    client.on("data", (data) => {
      for (const line of String(data).trim().split("\n")) {
        const { execute, arguments: args, id } = JSON.parse(line);
        const result =
          execute === "qmp_capabilities" ? { return: {} } : answer(execute, args, client);
        if (result !== undefined) client.write(`${JSON.stringify({ ...result, id })}\n`);
      }
    });
  };
}
