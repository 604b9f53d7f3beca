import { createHash } from "node:crypto";
import { join } from "node:path";
import * as v from "valibot";
import { networkDrivers } from "../../config/network/definition.ts";
import { VirtError } from "../../errors.ts";
import { assertTrusted } from "../../host/trusted.ts";
import { readIfThere } from "../../store/files.ts";
import { namesIn } from "../../store/network/places.ts";

/** A network that was made here, as it is kept on disk. */
export const Definition = v.object({
  version: v.literal(1),
  name: v.string(),
  driver: v.optional(v.picklist(networkDrivers), "bridge"),
  /** The interface that its links are made on, and their mode: with a driver that has such. */
  parent: v.optional(v.string()),
  mode: v.optional(v.string()),
  subnets: v.array(
    v.object({ subnet: v.string(), gateway: v.string(), ipRange: v.optional(v.string()) }),
  ),
  internal: v.boolean(),
  hostAccess: v.boolean(),
  mtu: v.optional(v.number()),
  labels: v.record(v.string(), v.string()),
  createdAt: v.string(),
});
export type Definition = v.InferOutput<typeof Definition>;

export function definitionPath(folder: string, name: string): string {
  return join(folder, `${name}.json`);
}

/** Undefined if there is no such network. STATE_INVALID. */
export async function readDefinition(
  folder: string,
  name: string,
): Promise<Definition | undefined> {
  const path = definitionPath(folder, name);
  const text = await readIfThere(path);
  if (text === undefined) return undefined;
  const read = v.safeParse(v.pipe(v.string(), v.parseJson(), Definition), text);
  if (read.success && read.output.name === name) return read.output;
  throw new VirtError("STATE_INVALID", `${path} is damaged or of another release`, {
    hint: "Remove the file, and make the network again.",
  });
}

export async function definitionNames(folder: string): Promise<string[]> {
  if (!assertTrusted(folder)) return [];
  return (await namesIn(folder)).flatMap((file) => /^([^.].*)\.json$/.exec(file)?.[1] ?? []);
}

/** All that are there. */
export async function readDefinitions(folder: string): Promise<Definition[]> {
  const found = await Promise.all(
    (await definitionNames(folder)).map((name) => readDefinition(folder, name)),
  );
  return found.filter((each) => each !== undefined);
}

/** What bridges of ours are called, of whichever folder. */
export const bridgePrefix = "vc-";

/** A name that the networks of no other folder have, of the 15 characters that the kernel takes. */
export function bridgeOf(folder: string, name: string): string {
  return `${bridgePrefix}${digest(`${folder}\0${name}`)}`;
}

/** Its name in CNI, under which plugins keep what they know of it. */
export function cniNameOf(folder: string, name: string): string {
  return `virtc-${digest(folder).slice(0, 8)}-${name}`;
}

export function digest(text: string): string {
  return createHash("sha256").update(text).digest("hex").slice(0, 12);
}
