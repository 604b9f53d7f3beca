import * as v from "valibot";
import { VirtError } from "../../errors.ts";
import { readIfThere, writeAtomic } from "../files.ts";
import { AttachmentSchema } from "./attachment.ts";

/** The most that a configuration and its result may take; plugins answer with a few KiB. */
const maxBytes = 4 * 1024 * 1024;

/**
 * A sandbox's use of a network, with all that is needed to undo it: what the plugins were given, since their
 * configuration may have changed by then, and what they answered. It is kept beside the network, so that it is found
 * whatever becomes of the sandbox.
 */
export const CniUse = v.object({
  version: v.literal(1),
  /** The user is there as long as this boot lasts and its folder is there. */
  bootId: v.string(),
  stateDir: v.string(),
  sandboxId: v.string(),
  /** The network's name in CNI. */
  cniName: v.string(),
  cniVersion: v.string(),
  /** In the order of ADD, with what was given at run time. */
  plugins: v.array(v.looseObject({ type: v.string() })),
  folders: v.array(v.string()),
  target: v.object({
    containerId: v.string(),
    ifName: v.string(),
    netns: v.string(),
    args: v.string(),
  }),
  /** What nobody else may ask for meanwhile. */
  claims: v.object({
    mac: v.optional(v.string()),
    addresses: v.array(v.string()),
    ports: v.array(
      v.object({ hostPort: v.number(), protocol: v.string(), hostIP: v.optional(v.string()) }),
    ),
  }),
  /** A bridge that goes when nobody uses the network any more, and with it its rules. */
  bridge: v.optional(v.string()),
  /** Of the plugin that was run last, as it wrote it. */
  result: v.optional(v.looseObject({})),
  attachment: v.optional(AttachmentSchema),
});
export type CniUse = v.InferOutput<typeof CniUse>;

/** Undefined if it is not there. STATE_INVALID. */
export async function readUse(path: string): Promise<CniUse | undefined> {
  const text = await readIfThere(path);
  if (text === undefined) return undefined;
  const read = v.safeParse(v.pipe(v.string(), v.parseJson(), CniUse), text);
  if (read.success) return read.output;
  throw new VirtError("STATE_INVALID", `${path} is damaged or of another release`, {
    cause: new v.ValiError(read.issues),
    hint: "Undo by hand what it speaks of (a link, rules, an address), then remove the file.",
  });
}

/** Whole or not at all; mode 0600. */
export async function writeUse(path: string, use: CniUse): Promise<void> {
  const text = JSON.stringify(use);
  if (Buffer.byteLength(text) > maxBytes)
    throw new VirtError("NETWORK_FAILED", `the results of ${use.cniName} are too large to keep`, {
      hint: "Look at what the plugins of the network answer.",
    });
  await writeAtomic(path, text);
}
