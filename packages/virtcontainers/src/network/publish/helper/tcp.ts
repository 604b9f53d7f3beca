import { connect, createServer, type Socket } from "node:net";
import type { Forwarded } from "../forwarded.ts";

/** Connects each client with the port that it leads to; an end of one side is told the other, and so is a failure. */
export function forwardTcp({ fd, address, port }: Omit<Forwarded, "protocol">): void {
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (client) => {
    const guest = connect({ host: address, port, allowHalfOpen: true, noDelay: true });
    join(client, guest);
    join(guest, client);
  });
  server.listen({ fd });
}

function join(from: Socket, to: Socket): void {
  from.pipe(to);
  from.once("error", () => to.resetAndDestroy());
  // Without an error it has been told all that there was.
  from.once("close", () => {
    if (!to.writableEnded) to.destroy();
  });
}
