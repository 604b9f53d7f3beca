import { createReadStream } from "node:fs";
import { resolve } from "node:path";
import { badValue } from "../errors/usage.ts";
import { contentLines } from "./env.ts";
import { readBounded } from "./read-bounded.ts";

const largestFile = 1024 ** 2;

/** `KEY=VALUE` or `KEY` alone, files first; the last one of a key wins. */
export async function parseLabels(
  texts: readonly string[],
  files: readonly string[],
  cwd: string,
): Promise<Record<string, string>> {
  const labels = new Map<string, string>();
  for (const path of files) {
    const from = createReadStream(resolve(cwd, path));
    for (const { number, line } of contentLines(
      await readBounded("--label-file", path, from, largestFile),
    )) {
      add(labels, `--label-file ${path}, line ${number}`, line);
    }
  }
  for (const text of texts) add(labels, "--label", text);
  return Object.fromEntries(labels);
}

function add(labels: Map<string, string>, option: string, text: string): void {
  const [, key = "", value = ""] = /^([^=]*)(?:=(.*))?$/s.exec(text) ?? [];
  if (key.trim() === "") throw badValue(option, text, "it must be KEY=VALUE or KEY");
  labels.set(key, value);
}
