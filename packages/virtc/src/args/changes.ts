import type { ImageConfig } from "virtcontainers";
import { badValue } from "../errors/usage.ts";
import { parseDuration } from "./duration.ts";

type Change = (config: ImageConfig, rest: string, refuse: (why: string) => Error) => ImageConfig;

/** What instructions of a Dockerfile change in an image's configuration, as `--change` of docker takes them. */
const instructions: Readonly<Record<string, Change>> = {
  CMD: (config, rest) => ({ ...config, cmd: command(rest) }),
  ENTRYPOINT: (config, rest) => ({ ...config, entrypoint: command(rest) }),
  ENV: (config, rest, refuse) => {
    const added = pairs(rest, refuse);
    const names = new Set(Object.keys(added));
    const kept = config.env.filter((line) => !names.has(line.split("=", 1)[0] ?? ""));
    return { ...config, env: [...kept, ...Object.entries(added).map((pair) => pair.join("="))] };
  },
  EXPOSE: (config, rest) => ({
    ...config,
    exposedPorts: merged(
      config.exposedPorts,
      rest.split(/\s+/).map((port) => (port.includes("/") ? port : `${port}/tcp`)),
    ),
  }),
  HEALTHCHECK: (config, rest, refuse) => {
    if (rest.toUpperCase() === "NONE") return { ...config, healthcheck: { test: ["NONE"] } };
    return { ...config, healthcheck: healthcheck(rest, refuse) };
  },
  LABEL: (config, rest, refuse) => ({
    ...config,
    labels: { ...config.labels, ...pairs(rest, refuse) },
  }),
  STOPSIGNAL: (config, rest) => ({ ...config, stopSignal: rest }),
  USER: (config, rest) => ({ ...config, user: rest }),
  VOLUME: (config, rest) => ({
    ...config,
    volumes: merged(config.volumes, list(rest) ?? rest.split(/\s+/)),
  }),
  WORKDIR: (config, rest, refuse) => {
    if (!rest.startsWith("/")) throw refuse("WORKDIR must be an absolute path");
    return { ...config, workingDir: rest };
  },
};

/** The configuration after instructions such as `CMD ["httpd"]`. */
export function applyChanges(config: ImageConfig, texts: readonly string[]): ImageConfig {
  return texts.reduce((changed, text) => {
    const refuse = (why: string): Error => badValue("--change", text, why);
    const [, word = "", rest = ""] = /^\s*(\w+)\s+(.*?)\s*$/s.exec(text) ?? [];
    const name = word.toUpperCase();
    const apply = Object.hasOwn(instructions, name) ? instructions[name] : undefined;
    if (apply === undefined || rest === "") {
      throw refuse(`it must be one of ${Object.keys(instructions).join(", ")}, and what it says`);
    }
    return apply(changed, rest, refuse);
  }, config);
}

/** A JSON list of texts; undefined for anything else. */
function list(text: string): string[] | undefined {
  if (!text.startsWith("[")) return undefined;
  try {
    const parsed: unknown = JSON.parse(text);
    if (Array.isArray(parsed) && parsed.every((each) => typeof each === "string")) return parsed;
  } catch {}
  return undefined;
}

/** A list as it is; a text is for a shell. */
function command(text: string): string[] {
  return list(text) ?? ["/bin/sh", "-c", text];
}

/** `NAME=value NAME="a value"`, or `NAME the whole rest`. */
function pairs(text: string, refuse: (why: string) => Error): Record<string, string> {
  if (!/^\S+=/.test(text)) {
    const [, name, value] = /^(\S+)\s+(.*)$/s.exec(text) ?? [];
    if (name === undefined || value === undefined) throw refuse("it must be NAME=VALUE");
    return { [name]: value };
  }
  const found: Record<string, string> = {};
  let rest = text;
  while (rest !== "") {
    const match = /^([^\s=]+)=((?:"(?:[^"\\]|\\.)*"|'[^']*'|\\.|[^\s"'\\])*)(?:\s+|$)/s.exec(rest);
    if (match?.[1] === undefined) throw refuse("it must be NAME=VALUE, quoted where it has spaces");
    found[match[1]] = unquoted(match[2] ?? "");
    rest = rest.slice(match[0].length);
  }
  return found;
}

function unquoted(text: string): string {
  return text.replace(/"((?:[^"\\]|\\.)*)"|'([^']*)'|\\(.)/gs, (_all, double, single, escaped) => {
    if (typeof double === "string") return double.replace(/\\(["\\$])/g, "$1");
    return typeof single === "string" ? single : String(escaped);
  });
}

function healthcheck(text: string, refuse: (why: string) => Error) {
  const found: NonNullable<ImageConfig["healthcheck"]> & { test: string[] } = { test: [] };
  let rest = text;
  for (;;) {
    const match = /^--([a-z-]+)=(\S+)\s+/.exec(rest);
    if (match?.[1] === undefined || match[2] === undefined) break;
    const value = match[2];
    if (match[1] === "interval") found.intervalMs = parseDuration("--interval", value);
    else if (match[1] === "timeout") found.timeoutMs = parseDuration("--timeout", value);
    else if (match[1] === "start-period")
      found.startPeriodMs = parseDuration("--start-period", value);
    else if (match[1] === "retries" && /^\d{1,6}$/.test(value)) found.retries = Number(value);
    else throw refuse(`--${match[1]}: it has --interval, --timeout, --start-period and --retries`);
    rest = rest.slice(match[0].length);
  }
  const [, said] = /^CMD\s+(.*)$/is.exec(rest) ?? [];
  if (said === undefined) throw refuse("HEALTHCHECK must be NONE or CMD and a command");
  const argv = list(said);
  return { ...found, test: argv ? ["CMD", ...argv] : ["CMD-SHELL", said] };
}

function merged(known: readonly string[], more: readonly string[]): string[] {
  return [...new Set([...known, ...more])];
}
