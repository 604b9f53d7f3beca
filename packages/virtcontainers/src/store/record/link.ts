import * as v from "valibot";
import { VirtError } from "../../errors.ts";
import type { Host } from "../../host/host.ts";
import { type RecordKind, thingPath } from "./kind.ts";

/** A link that was made in a namespace that isn't the sandbox's, and what another one was before it. */
export interface LinkRecord {
  kind: "link";
  netns: { path: string; dev: string; ino: string };
  /** What was made. */
  name: string;
  /** What it was made on, and for `ip -batch` how that becomes again what it was. */
  parent: { name: string; ifindex: number };
  restore: string[];
}

const word = v.pipe(v.string(), v.regex(/^[^\s/"'#\\]{1,15}$/));

const schema = v.strictObject({
  kind: v.literal("link"),
  netns: v.strictObject({ path: thingPath, dev: v.string(), ino: v.string() }),
  name: word,
  parent: v.strictObject({
    name: word,
    ifindex: v.pipe(v.number(), v.integer(), v.minValue(1)),
  }),
  restore: v.array(v.pipe(v.string(), v.regex(/^(link|addr|route) [^\n]*$/))),
});

export const link: RecordKind<LinkRecord> = {
  schema,
  life: "vm",
  name: ({ netns, name }) => `${name} in ${netns.path}`,
  release: removeLink,
};

/** Deletes what was made, if it is there, and makes its parent what it was, if that is there. */
export async function removeLink(host: Host, record: LinkRecord): Promise<void> {
  const { netns, name, parent, restore } = record;
  if (!(await host.network.isNamespace(netns))) return;
  const ip = (args: string[], input?: string) =>
    host.network.run(netns.path, "ip", args, input === undefined ? {} : { input });
  const gone = await ip(["link", "del", "dev", name]);
  if (gone.code !== 0 && !/Cannot find|does not exist/i.test(gone.stderr))
    throw new VirtError("HOST_FAILED", `ip link del dev ${name}: ${gone.stderr.trim()}`);
  const there = await ip(["-o", "link", "show", "dev", parent.name]);
  if (!there.stdout.startsWith(`${parent.ifindex}: `)) return;
  // What is as it was already is refused, and that does not matter.
  await ip(["-force", "-batch", "-"], restore.map((line) => `${line}\n`).join(""));
}
