import { once } from "node:events";
import { createServer, type Socket } from "node:net";
import * as v from "valibot";
import { type ControlReply, type ControlRequest, ControlRequestSchema } from "../control.ts";
import { controlFd } from "../helper-config.ts";

const maxLineBytes = 8 * 1024 * 1024;

type Answer = (request: ControlRequest) => Promise<ControlReply>;

/** Serves the library, which is the only one that reaches the socket: one request after the other. */
export async function serveControl(answer: Answer): Promise<void> {
  let last: Promise<unknown> = Promise.resolve();
  const inTurn: Answer = (request) => {
    const next = last.then(() => answer(request));
    last = next.catch(() => {});
    return next;
  };
  const server = createServer((socket) => {
    socket.on("error", () => socket.destroy());
    serve(socket, inTurn).catch(() => socket.destroy());
  });
  server.listen({ fd: controlFd });
  await once(server, "listening");
}

async function serve(socket: Socket, answer: Answer): Promise<void> {
  let text = "";
  for await (const chunk of socket.setEncoding("utf8")) {
    text += chunk;
    if (text.length > maxLineBytes) break;
    for (let end = text.indexOf("\n"); end >= 0; end = text.indexOf("\n")) {
      const line = text.slice(0, end);
      text = text.slice(end + 1);
      socket.write(`${JSON.stringify(await reply(line, answer))}\n`);
    }
  }
  socket.end();
}

async function reply(line: string, answer: Answer): Promise<ControlReply> {
  try {
    return await answer(v.parse(ControlRequestSchema, JSON.parse(line)));
  } catch (error) {
    return { error: error instanceof Error ? error.message : String(error) };
  }
}
