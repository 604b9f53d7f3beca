import { Transform } from "node:stream";
import type { Context } from "../../context.ts";
import { UsageError } from "../../errors/usage.ts";
import { attach } from "../../terminal/attach.ts";
import { terminalSize } from "../../terminal/raw.ts";
import { SignalRelay } from "../../terminal/signals.ts";

/** After the program's end, how long to wait for more of its output. */
const lingerMs = 1000;

/** Runs a program of a guest itself, or a shell, on this terminal; gives the exit code for the shell. */
export async function debug(
  name: string,
  args: readonly string[],
  context: Context,
): Promise<number> {
  const keyboard = context.stdin.isTTY === true && context.stdout.isTTY === true;
  if (!keyboard && args.length === 0) {
    throw new UsageError(
      "a console needs a terminal on standard input and output",
      `Without one, name a command: \`virtc debug ${name} -- dmesg\`.`,
    );
  }
  const relay = new SignalRelay(context.signals);
  const { signal } = relay;
  try {
    const library = await context.library();
    const sandbox = await library.fetchSandbox(name, { signal });
    try {
      const size = keyboard ? { size: terminalSize(context.stdout) } : {};
      const guest = await sandbox.openConsole({ args: [...args], ...size }, { signal });
      const io = keyboard ? guest.io : { ...guest.io, stdout: guest.io.stdout.pipe(plainLines()) };
      const options = { interactive: keyboard, tty: keyboard, detachKeys: [], lingerMs };
      const ending = await attach({ ...guest, io }, options, relay, context);
      return ending.kind === "exited" ? ending.code : 0;
    } finally {
      await sandbox.release();
    }
  } catch (error) {
    throw relay.causeOf(error);
  } finally {
    relay[Symbol.dispose]();
  }
}

/** A terminal ends lines with two characters, of which files and pipes want but the second. */
function plainLines(): Transform {
  let held = false;
  return new Transform({
    transform(chunk: Buffer, _encoding, callback) {
      const text = held ? Buffer.concat([Buffer.from("\r"), chunk]) : chunk;
      held = text.at(-1) === 0x0d;
      const whole = held ? text.subarray(0, -1) : text;
      callback(null, Buffer.from(whole.toString("latin1").replaceAll("\r\n", "\n"), "latin1"));
    },
    flush(callback) {
      callback(null, held ? Buffer.from("\r") : undefined);
    },
  });
}
