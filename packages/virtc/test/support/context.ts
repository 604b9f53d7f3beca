import { EventEmitter } from "node:events";
import { PassThrough } from "node:stream";
import type { Context, Output } from "../../src/context.ts";
import type { Library } from "../../src/library.ts";

/** A context over memory; `out()` and `err()` give what was written so far. */
export interface TestContext extends Context {
  readonly stdin: PassThrough & { isTTY?: boolean; setRawMode?: (raw: boolean) => unknown };
  out(): string;
  err(): string;
}

export function testContext(
  library: () => Library | Promise<Library>,
  overrides: { env?: NodeJS.ProcessEnv; cwd?: string; terminal?: boolean } = {},
): TestContext {
  const stdout = recorder(overrides.terminal);
  const stderr = recorder(overrides.terminal);
  return {
    env: overrides.env ?? {},
    cwd: overrides.cwd ?? "/",
    stdin: new PassThrough(),
    stdout: stdout.stream,
    stderr: stderr.stream,
    rawOutput() {},
    signals: new EventEmitter(),
    logLevel: undefined,
    exitCode: 0,
    library: async () => await library(),
    out: stdout.text,
    err: stderr.text,
  };
}

function recorder(terminal = false): { stream: Output; text: () => string } {
  const chunks: Buffer[] = [];
  const stream: Output = new PassThrough();
  stream.on("data", (chunk: Buffer) => chunks.push(chunk));
  if (terminal) stream.isTTY = true;
  return { stream, text: () => Buffer.concat(chunks).toString() };
}

export function noLibrary(): Library {
  throw new Error("this command must not need the library");
}
