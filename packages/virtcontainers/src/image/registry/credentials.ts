import { readFile } from "node:fs/promises";
import { join } from "node:path";
import * as v from "valibot";
import { VirtError } from "../../errors.ts";
import type { Host } from "../../host/host.ts";
import type { Logger } from "../../log.ts";
import { unlessMissing } from "../store/files.ts";

/** How one signs in at a registry. */
export type Credentials =
  | { kind: "password"; username: string; password: string }
  /** An OAuth2 refresh token, as some credential helpers give. */
  | { kind: "identityToken"; token: string };

const entry = v.looseObject({
  auth: v.nullish(v.string()),
  username: v.nullish(v.string()),
  password: v.nullish(v.string()),
  identitytoken: v.nullish(v.string()),
});
const config = v.looseObject({
  auths: v.nullish(v.record(v.string(), entry)),
  credHelpers: v.nullish(v.record(v.string(), v.string())),
  credsStore: v.nullish(v.string()),
});
const helperAnswer = v.object({ Username: v.string(), Secret: v.string() });

/** The key that Docker uses for its own registry. */
const dockerHubKey = "https://index.docker.io/v1/";
const helperTimeoutMs = 30_000;

export interface CredentialSource {
  host: Host;
  logger: Logger;
  dockerConfigDir: string;
}

/**
 * Looks a registry up in Docker's config.json: its credential helper, then the common one, then the
 * entries in the file itself. A helper that is missing or fails is passed over with a warning.
 * REGISTRY_FAILED if the file is damaged.
 */
export async function findCredentials(
  source: CredentialSource,
  registry: string,
  signal: AbortSignal,
): Promise<Credentials | undefined> {
  const parsed = await readDockerConfig(source.dockerConfigDir);
  if (parsed === undefined) return undefined;
  const key = keyOf(registry);
  const helper = helperOf(parsed, registry);
  if (helper) {
    const found = await askHelper(source, helper, key, signal);
    if (found) return found;
  }
  for (const [name, value] of Object.entries(parsed.auths ?? {})) {
    if (isOf(name, registry)) {
      const found = fromEntry(value);
      if (found) return found;
    }
  }
  return undefined;
}

export type DockerConfig = v.InferOutput<typeof config>;

export function configPath(dockerConfigDir: string): string {
  return join(dockerConfigDir, "config.json");
}

/** Docker's config.json, with all that it has; undefined if there is none. REGISTRY_FAILED if it is damaged. */
export async function readDockerConfig(dockerConfigDir: string): Promise<DockerConfig | undefined> {
  const path = configPath(dockerConfigDir);
  const text = await unlessMissing(readFile(path, "utf8"));
  return text === undefined ? undefined : parseConfigFile(text, path);
}

/** The key of a registry in that file. */
export function keyOf(registry: string): string {
  return registry === "docker.io" ? dockerHubKey : registry;
}

/** True if an entry of the file is of that registry, in whatever form it is written. */
export function isOf(entryKey: string, registry: string): boolean {
  return entryKey === keyOf(registry) || hostOf(entryKey) === registry;
}

/** The credential helper that has a registry's credentials. */
export function helperOf(parsed: DockerConfig, registry: string): string | undefined {
  const { credHelpers, credsStore } = parsed;
  return credHelpers?.[keyOf(registry)] ?? credHelpers?.[registry] ?? credsStore ?? undefined;
}

function parseConfigFile(text: string, path: string): DockerConfig {
  try {
    return v.parse(config, JSON.parse(text));
  } catch (cause) {
    throw new VirtError("REGISTRY_FAILED", `Docker's configuration ${path} can't be read`, {
      cause,
      hint: "Mend the file, or name another folder with the environment variable DOCKER_CONFIG.",
    });
  }
}

function fromEntry(value: v.InferOutput<typeof entry>): Credentials | undefined {
  if (value.identitytoken) return { kind: "identityToken", token: value.identitytoken };
  if (value.username && value.password) {
    return { kind: "password", username: value.username, password: value.password };
  }
  const plain = Buffer.from(value.auth ?? "", "base64")
    .toString("utf8")
    .replace(/\0+$/, "");
  const colon = plain.indexOf(":");
  if (colon < 1) return undefined;
  return { kind: "password", username: plain.slice(0, colon), password: plain.slice(colon + 1) };
}

/** The registry's host in a key such as `https://host/v1/`. */
function hostOf(key: string): string {
  return key.replace(/^https?:\/\//, "").replace(/\/.*$/, "");
}

async function askHelper(
  { host, logger }: CredentialSource,
  name: string,
  key: string,
  signal: AbortSignal,
): Promise<Credentials | undefined> {
  const said = await runHelper(host, name, "get", `${key}\n`, signal);
  const program = helperProgram(name);
  if (said === undefined) {
    logger.warn({ program }, `${program}, named in Docker's configuration, is not installed`);
    return undefined;
  }
  const { code, stdout, stderr } = said;
  if (code !== 0) {
    if (/credentials not found/i.test(stdout + stderr)) return undefined;
    logger.warn({ program, code }, `${program} failed; going on without credentials`);
    return undefined;
  }
  const answer = v.safeParse(v.pipe(v.string(), v.parseJson(), helperAnswer), stdout);
  if (!answer.success) {
    logger.warn({ program }, `${program} gave no valid answer; going on without credentials`);
    return undefined;
  }
  const { Username: username, Secret: secret } = answer.output;
  if (username === "<token>") return { kind: "identityToken", token: secret };
  return { kind: "password", username, password: secret };
}

export function helperProgram(name: string): string {
  return `docker-credential-${name}`;
}

/** Runs a credential helper; undefined if it is not installed. */
export async function runHelper(
  host: Host,
  name: string,
  verb: "get" | "store" | "erase",
  input: string,
  signal: AbortSignal,
): Promise<{ code: number | null; stdout: string; stderr: string } | undefined> {
  const isName = /^[a-zA-Z0-9._-]+$/.test(name);
  const path = isName ? await host.processes.which(helperProgram(name)) : undefined;
  if (!path) return undefined;
  const options = { input, signal, timeoutMs: helperTimeoutMs, env: helperEnvironment() };
  return host.processes.run(path, [verb], options);
}

function helperEnvironment(): Record<string, string> {
  const defined = Object.entries(process.env).filter(([, value]) => value !== undefined);
  return Object.fromEntries(defined.map(([key, value]) => [key, value ?? ""]));
}
