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
    const text = await readBounded("--env-file", path, createReadStream(path), largestFile);
    for (const { number, line } of contentLines(text)) {
      assign(values, `--env-file ${path}, line ${number}`, line, from, fileName);
    }
  }
  for (const assignment of assignments) assign(values, "--env", assignment, from, anyName);
  return [...values].map(([name, value]) => ({ var: name, value }));
}

const anyName = { pattern: /^[^\0]+$/, rule: "" };
const fileName = { pattern: /^[^\0\s]+$/, rule: "; NAME has no spaces" };
/** What a shell passes on to the programs that it starts. */
const shellName = /^[a-zA-Z_][a-zA-Z0-9_]*$/;

function assign(
  values: Map<string, string>,
  option: string,
  text: string,
  from: NodeJS.ProcessEnv,
  { pattern, rule }: { pattern: RegExp; rule: string },
): void {
  const [, name = "", value] = /^([^=]*)(?:=(.*))?$/s.exec(text) ?? [];
  if (!pattern.test(name) || value?.includes("\u0000")) {
    throw badValue(
      option,
      text,
      `it must be NAME=value, or NAME to take the value from here${rule}`,
    );
  }
  const found = value ?? (Object.hasOwn(from, name) ? from[name] : undefined);
  if (found !== undefined) values.set(name, found);
  else if (!shellName.test(name)) {
    throw badValue(option, text, `a shell passes no variable of this name on: write ${name}=value`);
  }
}

/** As docker reads them: a mark of the byte order and indentation don't count, `#` begins a comment of a whole line. */
export function contentLines(text: string): { number: number; line: string }[] {
  return text
    .replace(/^\ufeff/, "")
    .split(/\r?\n/)
    .map((line, index) => ({ number: index + 1, line: line.trimStart() }))
    .filter(({ line }) => line !== "" && !line.startsWith("#"));
}
