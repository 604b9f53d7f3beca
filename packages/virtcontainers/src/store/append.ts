import { closeSync, constants, fstatSync, openSync, readSync, writeSync } from "node:fs";

const { O_RDWR, O_APPEND, O_CREAT, O_NOFOLLOW } = constants;

/** Ends a line that was cut, by a full disk or a kill: what it says is not to be believed. */
const cut = "\u0018";

/**
 * Appends a line to a file, which is made 0600 if it is missing, and gives its size then. A line that was cut
 * before it is closed first, so that it spoils no other. Throws the errno if not all of it could be written.
 */
export function appendLine(path: string, line: string): number {
  const file = openSync(path, O_RDWR | O_APPEND | O_CREAT | O_NOFOLLOW, 0o600);
  try {
    let rest = Buffer.from(`${isWhole(file) ? "" : `${cut}\n`}${line}\n`);
    while (rest.length > 0) rest = rest.subarray(writeSync(file, rest));
    return fstatSync(file).size;
  } finally {
    closeSync(file);
  }
}

/** The lines of such a file, but for those that were cut. */
export function wholeLines(text: string): string[] {
  // Behind the last line end is nothing, or what was cut.
  return text
    .split("\n")
    .slice(0, -1)
    .filter((line) => !line.endsWith(cut));
}

function isWhole(file: number): boolean {
  const { size } = fstatSync(file);
  const last = Buffer.alloc(1);
  return size === 0 || readSync(file, last, 0, 1, size - 1) === 0 || last.toString() === "\n";
}
