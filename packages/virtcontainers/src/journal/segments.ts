import { readdirSync } from "node:fs";
import { join } from "node:path";
import { hostError, isErrno } from "../host/errno.ts";
import { assertTrusted } from "../host/trusted.ts";

/**
 * The journal is a folder of numbered files. Only the last one is written to; when it is full the next one
 * is begun and the oldest removed.
 */
export const segmentBytes = 512 * 1024;
export const keptSegments = 4;

const name = /^([1-9]\d{0,14})\.jsonl$/;

/** The numbers of the files that are there, in order. */
export function segments(folder: string): number[] {
  if (!assertTrusted(folder)) return [];
  let names: string[];
  try {
    names = readdirSync(folder);
  } catch (error) {
    if (isErrno(error, "ENOENT")) return [];
    throw hostError(error, `listing ${folder}`);
  }
  const numbers = names.flatMap((entry) => name.exec(entry)?.[1] ?? []).map(Number);
  return numbers.sort((a, b) => a - b);
}

export function segmentPath(folder: string, segment: number): string {
  return join(folder, `${segment}.jsonl`);
}
