import { resolve } from "node:path";
import { keysOf } from "../../args/detach-keys.ts";
import { parseDuration } from "../../args/duration.ts";
import { parseName, randomName } from "../../args/name.ts";
import { optional } from "../../args/optional.ts";
import { parseTruth } from "../../args/truth.ts";
import { requireCommand } from "../../container/command.ts";
import { checkDockerOptions, logLimitOf, scratchOf } from "../../container/docker-values.ts";
import { type ContainerRequest, parseContainer } from "../../container/request.ts";
import type { Context } from "../../context.ts";
import { UsageError } from "../../errors/usage.ts";
import { type NetworkRequest, parseNetwork } from "../../network/request.ts";
import { type Limits, parseLimits } from "../../resources/within-vm.ts";
import { stopNotes } from "../../sandbox/stop-notes.ts";
import { requireTerminal } from "../../terminal/require-terminal.ts";
import { parseLasting } from "../../vm/lifetime.ts";
import { parseVm, type VmRequest } from "../../vm/request.ts";
import type { RunOptions } from "./options.ts";

/** What `run` was asked to do, checked as far as the command line alone allows. */
export interface RunRequest {
  id: string;
  container: ContainerRequest;
  vm: VmRequest;
  network: NetworkRequest;
  /** The sandbox that it is to be made in; undefined: one of its own. */
  joins: string | undefined;
  timeoutMs: number | undefined;
  limits: Limits;
  logLimitMiB: number | undefined;
  detach: boolean;
  interactive: boolean;
  tty: boolean;
  remove: boolean;
  detachKeys: readonly number[];
  sigProxy: boolean;
  cidfile: string | undefined;
  quiet: boolean;
  init: boolean;
  /** It stays when it has ended, with what it has written, and can be started again. */
  keepsLayer: boolean;
  /** Notes for commands that come later. */
  notes: Readonly<Record<string, string>>;
}

/** Checks options and arguments; takes nothing and creates nothing. */
export async function parseRun(
  words: readonly string[],
  options: RunOptions,
  context: Context,
): Promise<RunRequest> {
  checkDockerOptions(options);
  const scratch = scratchOf(options, options.scratch);
  const described = { ...options, ...(scratch !== undefined && { scratch }) };
  requireTerminal(options, context);
  const network = parseNetwork(options, context.env);
  const joins = network.choice?.kind === "container" ? network.choice.id : undefined;
  if (joins !== undefined) refuseOwnVm(options, joins);
  return {
    id: optional(options.name, (text) => parseName("--name", text)) ?? randomName(),
    container: await parseContainer(splitWords(words, options), described, context),
    vm: await parseVm(options, context.cwd),
    network,
    joins,
    timeoutMs: optional(options.timeout, (text) =>
      options.detach ? parseLasting("--timeout", text) : parseDuration("--timeout", text),
    ),
    limits: parseLimits(options),
    logLimitMiB: logLimitOf(options),
    detach: options.detach ?? false,
    interactive: options.interactive ?? false,
    tty: options.tty ?? false,
    remove: options.rm ?? false,
    detachKeys: keysOf(options),
    sigProxy: parseTruth("--sig-proxy", options.sigProxy ?? "true"),
    cidfile: optional(options.cidfile, (path) => resolve(context.cwd, path)),
    quiet: options.quiet ?? false,
    init: options.init ?? false,
    keepsLayer: isKept(options, joins),
    notes: stopNotes(options),
  };
}

/** A folder is written to itself; a disk can be had in a VM of its own alone. */
function isKept({ rm, rootfs, bundle, readOnly }: RunOptions, joins: string | undefined): boolean {
  return !rm && !readOnly && [rootfs, bundle, joins].every((other) => other === undefined);
}

function splitWords(
  words: readonly string[],
  options: RunOptions,
): { image: string | undefined; command: readonly string[] } {
  if (options.rootfs !== undefined || options.bundle !== undefined) {
    requireCommand(options, words);
    return { image: undefined, command: words };
  }
  const [image, ...command] = words;
  if (!image) throw new UsageError("an image is missing", "See `virtc run --help`.");
  requireCommand(options, command);
  return { image, command };
}

/** In another container's VM there is none to describe. */
function refuseOwnVm(options: RunOptions, sandbox: string): void {
  const ofVm = [
    "hostname",
    "cpus",
    "memory",
    "kernel",
    "hypervisor",
    "machine",
    "accelerator",
  ] as const;
  const own = ofVm.find((name) => options[name] !== undefined);
  if (own !== undefined) {
    throw new UsageError(
      `--${own} can't be used with --network container:${sandbox}`,
      `It would be of the VM, which ${sandbox} has already; \`virtc container create\` limits a container.`,
    );
  }
  if (options.detach && options.timeout !== undefined) {
    throw new UsageError(
      `--timeout can't be used with --detach and --network container:${sandbox}`,
      `It would end the VM, which is that of ${sandbox}.`,
    );
  }
  if (options.logOpt.length > 0)
    throw new UsageError(`--log-opt can't be used with --network container:${sandbox}`);
  if (options.rm && options.detach) {
    throw new UsageError(
      `--rm can't be used with --detach and --network container:${sandbox}`,
      `Remove it with \`virtc container delete ${sandbox} NAME\`; it goes with ${sandbox} at the latest.`,
    );
  }
}
