import { createReadStream } from "node:fs";
import { resolve } from "node:path";
import type { Context } from "../context.ts";
import { UsageError } from "../errors/usage.ts";
import { readBounded } from "./read-bounded.ts";

const largest = 4 * 1024 ** 2;

/** What a JSON file holds; `-` is standard input. At most 4 MiB. */
export async function readConfig(path: string, context: Context): Promise<unknown> {
  const name = path === "-" ? "standard input" : path;
  const from = path === "-" ? piped(context) : createReadStream(resolve(context.cwd, path));
  const text = await readBounded("--config", name, from, largest);
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new UsageError(
      `--config: ${name} is no JSON: ${error instanceof Error ? error.message : error}`,
    );
  }
}

function piped({ stdin }: Context): Context["stdin"] {
  if (!stdin.isTTY) return stdin;
  throw new UsageError(
    "--config - reads standard input, and that is a terminal",
    "Name a file instead, or pass one on with `<`.",
  );
}
