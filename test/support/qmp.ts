import { once } from "node:events";
import { connect } from "node:net";
import { createInterface } from "node:readline";

/** Runs commands of QEMU's on a control socket that nobody else uses meanwhile. */
export async function qmp(
  path: string,
  commands: readonly { execute: string; arguments?: object }[],
): Promise<void> {
  const socket = connect(path);
  await once(socket, "connect");
  const lines = createInterface({ input: socket })[Symbol.asyncIterator]();
  await lines.next();
  for (const command of [{ execute: "qmp_capabilities" }, ...commands]) {
    socket.write(`${JSON.stringify(command)}\n`);
    for (;;) {
      const { value, done } = await lines.next();
      if (done) throw new Error(`QEMU left at ${command.execute}`);
      const answer = JSON.parse(value);
      if ("error" in answer) throw new Error(`${command.execute}: ${answer.error.desc}`);
      if ("return" in answer) break;
    }
  }
  socket.destroy();
}
