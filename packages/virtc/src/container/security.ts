import { createReadStream } from "node:fs";
import { resolve } from "node:path";
import type { Cmd, ContainerConfig } from "virtcontainers";
import { optional } from "../args/optional.ts";
import { readBounded } from "../args/read-bounded.ts";
import type { Context } from "../context.ts";
import { badValue, UsageError } from "../errors/usage.ts";
import type { SecurityOptions } from "./security-options.ts";

/** What a container's processes may do, where it was said. */
export type Security = Pick<ContainerConfig, "seccomp" | "sysctl" | "privileged"> &
  Pick<Cmd, "capabilities" | "rlimits" | "oomScoreAdj" | "noNewPrivileges" | "supplementaryGroups">;

type Rlimit = NonNullable<Cmd["rlimits"]>[number];

const largestFilter = 1024 ** 2;

export async function parseSecurity(options: SecurityOptions, context: Context): Promise<Security> {
  const { seccomp, noNewPrivileges } = await parseSecurityOpts(options.securityOpt, context);
  return {
    seccomp,
    noNewPrivileges: noNewPrivileges || options.newPrivileges === false || undefined,
    privileged: options.privileged,
    supplementaryGroups: parseGroups(options.groupAdd),
    capabilities: await parseCapabilities(options),
    rlimits: await parseUlimits(options.ulimit),
    sysctl: parseSysctls(options.sysctl),
    oomScoreAdj: optional(options.oomScoreAdj, parseScore),
  };
}

async function parseSecurityOpts(
  texts: readonly string[],
  context: Context,
): Promise<Pick<Security, "seccomp" | "noNewPrivileges">> {
  const found: Pick<Security, "seccomp" | "noNewPrivileges"> = {};
  for (const text of texts) {
    if (text === "no-new-privileges" || text === "no-new-privileges=true")
      found.noNewPrivileges = true;
    else if (text === "seccomp=unconfined") found.seccomp = "unconfined";
    else if (/^seccomp=./.test(text))
      found.seccomp = await readFilter(text.slice("seccomp=".length), context);
    else if (!isSoAnyway.has(text)) throw badValue("--security-opt", text, securityOptAllows(text));
  }
  return found;
}

/** The guest has neither SELinux nor AppArmor, so what switches them off has nothing to do. */
const isSoAnyway: ReadonlySet<string> = new Set([
  "label=disable",
  "apparmor=unconfined",
  "no-new-privileges=false",
]);

function securityOptAllows(text: string): string {
  if (/^(label|apparmor)[=:]/.test(text)) {
    return "SELinux and AppArmor of this host don't reach into a VM, and the guest has neither: leave it out";
  }
  if (text === "systempaths=unconfined") {
    return "in a VM it is a part of --privileged, which gives nothing on this host: use that";
  }
  return "it must be seccomp=unconfined, seccomp=FILE or no-new-privileges";
}

function parseGroups(texts: readonly string[]): Cmd["supplementaryGroups"] {
  const empty = texts.find((text) => !/^[^:\s]+$/.test(text));
  if (empty !== undefined)
    throw badValue("--group-add", empty, "it must be a group's name or number");
  return texts.length > 0 ? [...texts] : undefined;
}

/** A filter in a file, in the form of linux.seccomp of the OCI runtime specification. */
async function readFilter(path: string, { cwd }: Context): Promise<Security["seccomp"]> {
  const option = "--security-opt seccomp";
  const from = createReadStream(resolve(cwd, path));
  const text = await readBounded(option, path, from, largestFilter);
  const { parse, Seccomp } = await import("virtcontainers/config");
  try {
    return parse(Seccomp, JSON.parse(text));
  } catch (error) {
    throw new UsageError(`${option}: ${path}: ${error instanceof Error ? error.message : error}`);
  }
}

/** As in docker: what is added goes before what is dropped, unless ALL is. */
async function parseCapabilities({
  capAdd: add,
  capDrop: drop,
  privileged = false,
}: SecurityOptions): Promise<Cmd["capabilities"]> {
  if (add.length === 0 && drop.length === 0) return undefined;
  const { capabilityName, changedCapabilities, knownCapabilities } = await import(
    "virtcontainers/config"
  );
  const named = (option: string, texts: readonly string[]): string[] =>
    texts.map((text) => {
      const name = capabilityName(text);
      if (name === "CAP_ALL" || knownCapabilities.includes(name)) return name;
      throw badValue(option, text, "it must be a capability such as NET_ADMIN, or ALL");
    });
  const changes = { add: named("--cap-add", add), drop: named("--cap-drop", drop) };
  return changedCapabilities(changes, privileged);
}

async function parseUlimits(texts: readonly string[]): Promise<Cmd["rlimits"]> {
  if (texts.length === 0) return undefined;
  const { rlimitTypes } = await import("virtcontainers/config");
  const limits = new Map<string, Rlimit>();
  for (const text of texts) {
    const [, name, soft, hard] = /^(\w+)=([^:]+)(?::(.+))?$/.exec(text) ?? [];
    const type = rlimitTypes.find((known) => known === `RLIMIT_${name?.toUpperCase()}`);
    if (type === undefined || soft === undefined)
      throw badValue("--ulimit", text, "it must be such as nofile=1024 or nofile=1024:2048");
    const least = parseLimit(text, soft);
    limits.set(type, {
      type,
      soft: least,
      hard: hard === undefined ? least : parseLimit(text, hard),
    });
  }
  return [...limits.values()];
}

function parseLimit(text: string, limit: string): number {
  if (limit === "unlimited" || limit === "-1") return 2 ** 64;
  if (/^\d{1,15}$/.test(limit)) return Number(limit);
  throw badValue("--ulimit", text, "a limit is a number, or unlimited");
}

function parseSysctls(texts: readonly string[]): Security["sysctl"] {
  if (texts.length === 0) return undefined;
  return Object.fromEntries(
    texts.map((text) => {
      const [, name, value] = /^([\w.-]+)=(.*)$/s.exec(text) ?? [];
      if (name === undefined || value === undefined)
        throw badValue("--sysctl", text, "it must be NAME=VALUE");
      return [name, value];
    }),
  );
}

function parseScore(text: string): number {
  const score = Number(text);
  if (/^-?\d+$/.test(text) && score >= -1000 && score <= 1000) return score;
  throw badValue("--oom-score-adj", text, "it must be a whole number from -1000 to 1000");
}
