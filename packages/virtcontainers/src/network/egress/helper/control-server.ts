import { once } from "node:events";
import { createServer } from "node:net";
import { createInterface } from "node:readline";
import * as v from "valibot";
import { type ControlReply, ControlRequestSchema } from "../control.ts";
import { controlFd } from "../helper-config.ts";

/** Serves the library, which is the only one that reaches the socket. */
export async function serveControl(
  answer: (request: v.InferOutput<typeof ControlRequestSchema>) => ControlReply,
): Promise<void> {
  const server = createServer((socket) => {
    socket.on("error", () => socket.destroy());
    createInterface({ input: socket }).on("line", (line) => {
      socket.write(`${JSON.stringify(reply(line, answer))}\n`);
    });
  });
  server.listen({ fd: controlFd });
  await once(server, "listening");
}

function reply(
  line: string,
  answer: (request: v.InferOutput<typeof ControlRequestSchema>) => ControlReply,
): ControlReply {
  try {
    return answer(v.parse(ControlRequestSchema, JSON.parse(line)));
  } catch (error) {
    return { error: error instanceof Error ? error.message : String(error) };
  }
}
