import { randomBytes } from "node:crypto";
import { consoleFeature } from "../agent/agent.ts";
import { type ConsoleOptions, ConsoleOptionsSchema } from "../config/console.ts";
import { beginExec } from "../container/process/begin-exec.ts";
import { type IOStream, openStreams } from "../container/process/io.ts";
import { isVirtError, VirtError } from "../errors.ts";
import { assertUp, defaultTimeoutMs, type Operation } from "../operation/run-verb.ts";
import { type Signal, signalNumber } from "../signals.ts";
import { parse } from "../validate.ts";

/** The agent's name of the guest itself, where a container's id is asked for. */
const guest = "";

/** A program of the guest on a terminal; it lasts until it ends or the Sandbox object is released. */
export interface GuestConsole {
  /** The terminal: stdout has all that is shown. */
  readonly io: IOStream;
  /** The exit code, or 128 + the signal's number. */
  readonly exited: Promise<number>;
  signal(signal: Signal): Promise<void>;
  resize(rows: number, columns: number): Promise<void>;
}

/** Starts a program of the guest itself, outside of all containers. COMMAND_NOT_FOUND, COMMAND_NOT_EXECUTABLE. */
export async function openConsole(
  operation: Operation,
  input: ConsoleOptions,
): Promise<GuestConsole> {
  const { args = [], size } = parse(ConsoleOptionsSchema, input);
  const { sandbox } = operation;
  assertUp(operation, "open a console in");
  if (!sandbox.agentFeatures.includes(consoleFeature)) {
    throw new VirtError("NOT_SUPPORTED", `the guest of sandbox ${sandbox.id} has no console`, {
      sandboxId: sandbox.id,
      hint: "It needs this release's guest files; a sandbox that runs keeps those it was started with.",
    });
  }
  const agent = await operation.agent();
  const id = randomBytes(8).toString("hex");
  const process = {
    Args: args,
    Terminal: true,
    ...(size && { ConsoleSize: { Height: size.rows, Width: size.columns } }),
  };
  const io = await beginExec(
    operation,
    { containerId: guest, execId: id },
    (signal) => agent.execProcess({ containerId: guest, execId: id, process }, signal),
    () => openStreams(operation, guest, id, {}, true),
  ).catch((error: unknown) => {
    throw commandError(error);
  });
  const soon = () => AbortSignal.timeout(defaultTimeoutMs);
  const exited = agent.waitProcess(guest, id, new AbortController().signal);
  exited.catch(() => {});
  return {
    io,
    exited,
    signal: (name) => agent.signalProcess(guest, id, signalNumber(name), soon()),
    resize: (rows, columns) => agent.resizeTerminal(guest, id, rows, columns, soon()),
  };
}

/** The guest's own words about a program that can't be run; its error numbers are those of Linux. */
function commandError(error: unknown): unknown {
  if (!isVirtError(error, "AGENT_ERROR")) return error;
  const details = { cause: error, sandboxId: error.sandboxId };
  if (error.message.includes("(os error 2)"))
    return new VirtError("COMMAND_NOT_FOUND", error.message, details);
  if (error.message.includes("(os error 13)"))
    return new VirtError("COMMAND_NOT_EXECUTABLE", error.message, details);
  return error;
}
