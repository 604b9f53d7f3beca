import { constants } from "node:os";
import type { Context } from "../../context.ts";

/** Something that can be typed; the text `:files` lets the shell complete paths. */
export interface Candidate {
  text: string;
  about: string;
}

/** An option's value or an argument, by its name. */
export interface Place {
  name: string;
  choices: readonly string[];
  /** A container here is one within a sandbox, of this one if it is known; else it has its sandbox's name. */
  inSandbox: boolean;
  sandbox: string | undefined;
}

type Source = (context: Context, place: Place) => Candidate[] | Promise<Candidate[]>;

const files: Candidate[] = [{ text: ":files", about: "" }];

const sources: Readonly<Record<string, Source>> = {
  sandbox: sandboxes,
  container: containers,
  image: images,
  network: networks,
  volume: volumes,
  path: () => files,
  config: () => files,
  rootfs: () => files,
  bundle: () => files,
  "env-file": () => files,
  kernel: () => plain(["tuned", "debian"]),
  hypervisor: async () => plain([(await import("virtcontainers/config")).defaultHypervisor]),
  signal: () => plain(Object.keys(constants.signals)),
  "log-level": () => plain(["debug", "info", "warn", "error"]),
};

/** What can stand in a place; nothing if that can't be found out. */
export async function valuesFor(place: Place, context: Context): Promise<Candidate[]> {
  if (place.choices.length > 0) return plain(place.choices);
  try {
    return (await sources[place.name]?.(context, place)) ?? [];
  } catch {
    return [];
  }
}

async function sandboxes(context: Context): Promise<Candidate[]> {
  const all = await (await context.library()).listSandbox();
  return all.map(({ id, state }) => ({ text: id, about: state }));
}

async function containers(context: Context, { inSandbox, sandbox }: Place): Promise<Candidate[]> {
  if (!inSandbox) return await sandboxes(context);
  const all = await (await context.library()).listSandbox();
  return all
    .filter(({ id }) => sandbox === undefined || id === sandbox)
    .flatMap(({ containersStatus }) => containersStatus)
    .map(({ id, state }) => ({ text: id, about: state }));
}

async function images(context: Context): Promise<Candidate[]> {
  const all = await (await context.library()).images.list();
  return all.flatMap((image) => image.names.map((name) => ({ text: name, about: "image" })));
}

/** As an option it is a folder too, or a volume and a place in the container. */
async function volumes(context: Context, { inSandbox }: Place): Promise<Candidate[]> {
  const all = await (await context.library()).volumes.list();
  const named = all.map(({ name, driver }) => ({ text: name, about: driver }));
  if (!inSandbox) return named;
  return [...named.map(({ text, about }) => ({ text: `${text}:`, about })), ...files];
}

/** Where one is chosen for a container, also what is none. */
async function networks(context: Context, { inSandbox }: Place): Promise<Candidate[]> {
  const all = await (await context.library()).networks.list();
  const named = all.map(({ name, driver }) => ({ text: name, about: driver }));
  return inSandbox ? [...named, ...plain(["none"])] : named;
}

function plain(texts: readonly string[]): Candidate[] {
  return texts.map((text) => ({ text, about: "" }));
}
