import { randomBytes } from "node:crypto";
import { isAbsolute, resolve } from "node:path";
import { parseAnnotations } from "../args/annotations.ts";
import { type Cpus, parseCpus } from "../args/cpus.ts";
import { parseDuration } from "../args/duration.ts";
import { type EnvVar, parseEnv } from "../args/env.ts";
import { parseName } from "../args/name.ts";
import { parseRootfs } from "../args/rootfs.ts";
import { parseMiB } from "../args/size.ts";
import type { Context } from "../context.ts";
import { badValue, UsageError } from "../errors/usage.ts";
import type { RunOptions } from "./options.ts";

/** The limits of the library's hypervisorConfig.memoryMiB and scratchMiB. */
const memoryLimits = [64, 4 * 1024 ** 2] as const;
const scratchLimits = [16, 16 * 1024 ** 2] as const;

/** What `run` was asked to do, checked as far as the command line alone allows. */
export interface RunRequest {
  id: string;
  image: string | undefined;
  rootfs: { target: string; options: ("ro" | "rw")[] } | undefined;
  command: readonly string[];
  entrypoint: string | undefined;
  env: readonly EnvVar[];
  annotations: Readonly<Record<string, string>>;
  cpus: Cpus;
  memoryMiB: number | undefined;
  scratchMiB: number | undefined;
  timeoutMs: number | undefined;
  kernel: "tuned" | "debian" | undefined;
  kernelPath: string | undefined;
  hypervisorPath: string | undefined;
  detach: boolean;
  interactive: boolean;
  tty: boolean;
  remove: boolean;
  options: RunOptions;
}

/** Checks options and arguments; takes nothing and creates nothing. */
export async function parseRun(
  words: readonly string[],
  options: RunOptions,
  context: Context,
): Promise<RunRequest> {
  checkCombinations(options, context);
  const { image, command } = splitWords(words, options);
  return {
    id: options.name === undefined ? randomName() : parseName("--name", options.name),
    image,
    rootfs: options.rootfs === undefined ? undefined : parseRootfs(options.rootfs, context.cwd),
    command,
    entrypoint: options.entrypoint,
    env: await parseEnv(options.env, options.envFile, context.env),
    annotations: parseAnnotations(options.annotation),
    cpus: parseCpus("--cpus", options.cpus ?? "1"),
    memoryMiB: optional(options.memory, (text) => parseMiB("--memory", text, ...memoryLimits)),
    scratchMiB: optional(options.scratch, (text) => parseMiB("--scratch", text, ...scratchLimits)),
    timeoutMs: optional(options.timeout, (text) => parseDuration("--timeout", text)),
    ...parseKernel(options.kernel, context.cwd),
    hypervisorPath: parseHypervisor(options.hypervisor, context.cwd),
    detach: options.detach ?? false,
    interactive: options.interactive ?? false,
    tty: options.tty ?? false,
    remove: options.rm ?? false,
    options,
  };
}

function checkCombinations(options: RunOptions, context: Context): void {
  if (options.detach && options.timeout !== undefined) {
    throw new UsageError(
      "--timeout can't be used with --detach: nothing would be left to enforce it",
    );
  }
  if (options.workdir !== undefined && !isAbsolute(options.workdir)) {
    throw badValue("--workdir", options.workdir, "it must be an absolute path");
  }
  requireTerminal(options, context);
}

/** A terminal in the container that is fed from a file or pipe would echo and translate what it gets. */
export function requireTerminal(
  options: { tty?: boolean; interactive?: boolean; detach?: boolean },
  context: Context,
): void {
  if (options.tty && options.interactive && !options.detach && !context.stdin.isTTY) {
    throw new UsageError(
      "-i together with -t needs a terminal on standard input, and it is none",
      "Leave out -t to pass standard input on as it is.",
    );
  }
}

function splitWords(
  words: readonly string[],
  options: RunOptions,
): { image: string | undefined; command: readonly string[] } {
  if (options.rootfs === undefined) {
    const [image, ...command] = words;
    if (!image) throw new UsageError("an image is missing", "See `virtc run --help`.");
    return { image, command };
  }
  if (words.length === 0 && options.entrypoint === undefined) {
    throw new UsageError("a command is missing; a folder given with --rootfs has no default one");
  }
  return { image: undefined, command: words };
}

function parseKernel(
  text: string | undefined,
  cwd: string,
): Pick<RunRequest, "kernel" | "kernelPath"> {
  if (text === undefined) return { kernel: undefined, kernelPath: undefined };
  if (text === "tuned" || text === "debian") return { kernel: text, kernelPath: undefined };
  if (text.includes("/")) return { kernel: undefined, kernelPath: resolve(cwd, text) };
  throw badValue("--kernel", text, "it must be tuned, debian, or a path with a slash in it");
}

function parseHypervisor(text: string | undefined, cwd: string): string | undefined {
  if (text === undefined || text === "qemu") return undefined;
  if (text.includes("/")) return resolve(cwd, text);
  throw badValue(
    "--hypervisor",
    text,
    "it must be qemu, or the path of a QEMU binary with a slash in it",
  );
}

function randomName(): string {
  return randomBytes(6).toString("hex");
}

function optional<T>(text: string | undefined, parse: (text: string) => T): T | undefined {
  return text === undefined ? undefined : parse(text);
}
