import { createReadStream } from "node:fs";
import { badValue } from "../errors/usage.ts";
import { readBounded } from "./read-bounded.ts";

export interface EnvVar {
  var: string;
  value: string;
}

const largestFile = 1024 ** 2;

/**
 * Environment of a command: the files first, then `-e`; the last one of a name wins. `NAME` alone takes
 * the value from `from`, and is left out if it has none, as docker does.
 */
export async function parseEnv(
  assignments: readonly string[],
  files: readonly string[],
  from: NodeJS.ProcessEnv,
): Promise<EnvVar[]> {
  const values = new Map<string, string>();
  for (const path of files) {
    for (const line of await readLines(path)) assign(values, "--env-file", line, from);
  }
  for (const assignment of assignments) assign(values, "--env", assignment, from);
  return [...values].map(([name, value]) => ({ var: name, value }));
}

function assign(
  values: Map<string, string>,
  option: string,
  text: string,
  from: NodeJS.ProcessEnv,
): void {
  const [, name, value] = /^([^=]*)(?:=(.*))?$/s.exec(text) ?? [];
  if (!name || name.includes("\u0000") || value?.includes("\u0000")) {
    throw badValue(option, text, "it must be NAME=value, or NAME to take the value from here");
  }
  const found = value ?? from[name];
  if (found !== undefined) values.set(name, found);
}

async function readLines(path: string): Promise<string[]> {
  const text = await readBounded("--env-file", path, createReadStream(path), largestFile);
  return text.split(/\r?\n/).filter((line) => line.trim() !== "" && !line.startsWith("#"));
}
