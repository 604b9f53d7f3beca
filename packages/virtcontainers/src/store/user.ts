import { createHash } from "node:crypto";
import { stat } from "node:fs/promises";
import { join } from "node:path";
import * as v from "valibot";
import type { Host } from "../host/host.ts";
import { readIfThere } from "./files.ts";

/**
 * A sandbox that uses a thing which others may use too, such as an image, a volume or a disk: a file beside the
 * thing. Sandboxes of several state folders may have the same id, so its name tells of both.
 */
export function userName(sandboxId: string, stateDir: string): string {
  const key = createHash("sha256").update(stateDir).digest("hex").slice(0, 16);
  return `${sandboxId}@${key}`;
}

/** The id of the sandbox that such a name tells of. */
export function userId(name: string): string {
  return name.split("@", 1)[0] ?? name;
}

/** What is in such a file. */
const User = v.object({ bootId: v.string(), stateDir: v.string() });

export async function describeUser(host: Host, stateDir: string): Promise<string> {
  const user: v.InferInput<typeof User> = { bootId: await host.bootId(), stateDir };
  return JSON.stringify(user);
}

/** The state folder of a user that is still there. */
export async function livingUser(
  host: Host,
  path: string,
  id: string,
): Promise<string | undefined> {
  const text = await readIfThere(path);
  if (text === undefined) return undefined;
  // One that a full disk has cut did not get the thing.
  const read = v.safeParse(v.pipe(v.string(), v.parseJson(), User), text);
  if (!read.success) return undefined;
  const { stateDir } = read.output;
  return (await isUserThere(host, { ...read.output, sandboxId: id })) ? stateDir : undefined;
}

/** After a reboot, or when its folder is gone, a sandbox uses nothing. */
export async function isUserThere(
  host: Host,
  user: { bootId: string; stateDir: string; sandboxId: string },
): Promise<boolean> {
  if (user.bootId !== (await host.bootId())) return false;
  const there = await stat(join(user.stateDir, "sbs", user.sandboxId)).catch(() => undefined);
  return there !== undefined;
}
