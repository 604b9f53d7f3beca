import { createInterface } from "node:readline";
import { VirtError } from "../../errors.ts";
import type { Host } from "../../host/host.ts";
import { parse } from "../../validate.ts";
import { ControlReplySchema, type ControlRequest, type EgressCounts } from "./control.ts";

/** Asks the helper; HOST_FAILED if it is gone, or can't do it. */
export async function askHelper(
  host: Host,
  socketPath: string,
  request: ControlRequest,
  signal: AbortSignal,
): Promise<EgressCounts> {
  const socket = await host.sockets.connect(socketPath, { signal }).catch((cause: unknown) => {
    throw gone(cause);
  });
  const onAbort = (): void => void socket.destroy();
  signal.addEventListener("abort", onAbort, { once: true });
  try {
    socket.write(`${JSON.stringify(request)}\n`);
    for await (const line of createInterface({ input: socket })) {
      const reply = parse(ControlReplySchema, JSON.parse(line), "the helper's answer");
      if (!("error" in reply)) return reply;
      throw new VirtError(
        "HOST_FAILED",
        `the egress policy could not be put in force: ${reply.error}`,
        {
          hint: "Nothing more is let through than before.",
        },
      );
    }
    signal.throwIfAborted();
    throw gone(undefined);
  } finally {
    signal.removeEventListener("abort", onAbort);
    socket.destroy();
  }
}

function gone(cause: unknown): VirtError {
  return new VirtError("HOST_FAILED", "the helper that enforces the egress policy has ended", {
    cause,
    hint: "Until it runs again nothing leaves the sandbox; the next command for this sandbox starts it.",
  });
}
