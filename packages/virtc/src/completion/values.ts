import { constants } from "node:os";
import type { Context } from "../context.ts";

/** Something that can be typed; the text `:files` lets the shell complete paths. */
export interface Candidate {
  text: string;
  about: string;
}

/** An option's value or an argument, by its name. */
export interface Place {
  name: string;
  choices: readonly string[];
}

const files: Candidate[] = [{ text: ":files", about: "" }];

const sources: Readonly<Record<string, (context: Context) => Candidate[] | Promise<Candidate[]>>> =
  {
    container: containers,
    image: images,
    path: () => files,
    rootfs: () => files,
    "env-file": () => files,
    kernel: () => plain(["tuned", "debian"]),
    hypervisor: () => plain(["qemu"]),
    signal: () => plain(Object.keys(constants.signals)),
    "log-level": () => plain(["debug", "info", "warn", "error"]),
  };

/** What can stand in a place; nothing if that can't be found out. */
export async function valuesFor(place: Place, context: Context): Promise<Candidate[]> {
  if (place.choices.length > 0) return plain(place.choices);
  try {
    return (await sources[place.name]?.(context)) ?? [];
  } catch {
    return [];
  }
}

async function containers(context: Context): Promise<Candidate[]> {
  const all = await (await context.library()).listSandbox();
  return all.map(({ id, state }) => ({ text: id, about: state }));
}

async function images(context: Context): Promise<Candidate[]> {
  const all = await (await context.library()).images.list();
  return all.flatMap((image) => image.names.map((name) => ({ text: name, about: "image" })));
}

function plain(texts: readonly string[]): Candidate[] {
  return texts.map((text) => ({ text, about: "" }));
}
