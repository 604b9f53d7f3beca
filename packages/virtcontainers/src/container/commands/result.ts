import { type CommandResultOptions, defaultMaxOutputBytes } from "../../config/commands.ts";
import type { OutputListener } from "../../config/exec.ts";
import { VirtError } from "../../errors.ts";
import { KeptBytes } from "../exec/kept-bytes.ts";
import type { ExecResult } from "../exec/result.ts";
import type { ExecSandbox } from "../exec/sandbox.ts";
import type { CommandInfo } from "../process/command-info.ts";
import { commandOutput } from "./output.ts";

/** One stream of a command, on its way to the result, and to who is told of it. */
class ToldStream {
  readonly kept = new KeptBytes();
  readonly #decoder = new TextDecoder();
  readonly #tell: OutputListener | undefined;

  constructor(tell: OutputListener | undefined) {
    this.#tell = tell;
  }

  /** Without bytes: there are no more. */
  async take(data?: Uint8Array): Promise<void> {
    if (data !== undefined) this.kept.add(data);
    const text = this.#decoder.decode(data, { stream: data !== undefined });
    if (text !== "") await this.#tell?.(text);
  }
}

/** Waits for the end of a command, with all that it has written since its start; tells that as it comes. */
export async function commandResult(
  sandbox: ExecSandbox,
  info: CommandInfo,
  options: CommandResultOptions,
): Promise<ExecResult> {
  const { maxOutputBytes = defaultMaxOutputBytes, onStdout, onStderr, ...call } = options;
  const streams = { stdout: new ToldStream(onStdout), stderr: new ToldStream(onStderr) };
  let [exitCode, truncated] = [0, false];
  for await (const chunk of commandOutput(sandbox, info, call)) {
    if (chunk.stream === "end") {
      [exitCode, truncated] = [chunk.exitCode, chunk.isLogFull];
      break;
    }
    const stream = streams[chunk.stream];
    if (stream.kept.length + chunk.data.length > maxOutputBytes) throw tooMuch(maxOutputBytes);
    await stream.take(chunk.data);
  }
  await streams.stdout.take();
  await streams.stderr.take();
  const [stdoutBytes, stderrBytes] = [streams.stdout.kept.all(), streams.stderr.kept.all()];
  const texts = { stdout: stdoutBytes.toString(), stderr: stderrBytes.toString() };
  return { exitCode, ...texts, stdoutBytes, stderrBytes, truncated };
}

function tooMuch(limit: number): VirtError {
  return new VirtError("NO_SPACE", `the command wrote more than ${limit} bytes; it goes on`, {
    field: "maxOutputBytes",
    hint: "Raise maxOutputBytes, or read the output as a stream.",
  });
}
