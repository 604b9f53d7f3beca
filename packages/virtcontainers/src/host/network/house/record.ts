import { rmSync } from "node:fs";
import { rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import * as v from "valibot";
import type { ProcessIdentity } from "../../process-identity.ts";
import { readTrusted } from "../../trusted.ts";

const Identity = v.object({
  pid: v.pipe(v.number(), v.integer(), v.minValue(2)),
  startTime: v.string(),
});

const Record = v.object({
  /** A variable's value, by which the processes are found whose numbers never reached the disk. */
  marker: v.pipe(v.string(), v.minLength(8)),
  /** Each of them keeps the namespaces alive. */
  holders: v.array(Identity),
  uplink: v.optional(Identity),
  walled: v.optional(v.array(v.string())),
});

/** What keeps a house. */
export interface HouseRecord {
  marker: string;
  holders: ProcessIdentity[];
  uplink?: ProcessIdentity | undefined;
  /** The addresses of this host that are walled off. */
  walled?: string[] | undefined;
}

/** Undefined if there is none, or none that can be read. */
export function readRecord(folder: string): HouseRecord | undefined {
  const found = lookAt(folder);
  return found === "damaged" ? undefined : found;
}

/** True if there is one that can't be read: what it spoke of may be there. */
export function isDamaged(folder: string): boolean {
  return lookAt(folder) === "damaged";
}

function lookAt(folder: string): HouseRecord | "damaged" | undefined {
  const text = readTrusted(recordPath(folder));
  if (text === undefined) return undefined;
  const read = v.safeParse(v.pipe(v.string(), v.parseJson(), Record), text);
  return read.success ? read.output : "damaged";
}

/** For who has the house locked. */
export async function writeRecord(folder: string, record: HouseRecord): Promise<void> {
  const staged = `${recordPath(folder)}.tmp`;
  rmSync(staged, { force: true });
  await writeFile(staged, JSON.stringify(record), { mode: 0o600, flag: "wx" });
  await rename(staged, recordPath(folder));
}

function recordPath(folder: string): string {
  return join(folder, "house.json");
}
