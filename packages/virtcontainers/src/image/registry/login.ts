import { chmod, realpath } from "node:fs/promises";
import { invalidArgument, printable } from "../../errors.ts";
import { makeTrustedFolder } from "../../host/trusted.ts";
import type { CredentialStore, LoginOptions } from "../image.ts";
import { parseReference } from "../reference.ts";
import type { StoreContext } from "../store/context.ts";
import { replaceFile, unlessMissing } from "../store/files.ts";
import { endpointsFor, type ResolvedRegistries } from "./config.ts";
import {
  configPath,
  type DockerConfig,
  helperOf,
  helperProgram,
  isOf,
  keyOf,
  readDockerConfig,
  runHelper,
} from "./credentials.ts";
import { registryFailure } from "./failure.ts";
import { withRetries } from "./retry.ts";
import { Session, signInFailure } from "./session.ts";

/** Asks a registry whether it takes the credentials, then keeps them where Docker does. */
export async function login(
  context: StoreContext,
  registries: ResolvedRegistries,
  text: string,
  { username, password }: LoginOptions,
  signal: AbortSignal,
): Promise<CredentialStore> {
  const registry = registryOf(text);
  if (username === "" || username.includes(":"))
    throw invalidArgument("username", username, "it must not be empty or have a colon");
  // The password is not shown.
  if (password === "") throw invalidArgument("password", "", "it must not be empty");
  await verify(registries, registry, { username, password }, signal);
  const known = (await readDockerConfig(registries.dockerConfigDir)) ?? {};
  const helper = helperOf(known, registry);
  if (helper !== undefined) {
    const secret = { ServerURL: keyOf(registry), Username: username, Secret: password };
    await askHelper(context, helper, "store", JSON.stringify(secret), signal);
    return { helper };
  }
  const auth = Buffer.from(`${username}:${password}`).toString("base64");
  const auths = { ...known.auths, [keyOf(registry)]: { auth } };
  return { file: await write(registries.dockerConfigDir, { ...known, auths }) };
}

/** Forgets what is known of a registry; false if there was nothing. */
export async function logout(
  context: StoreContext,
  registries: ResolvedRegistries,
  text: string,
  signal: AbortSignal,
): Promise<boolean> {
  const registry = registryOf(text);
  const known = await readDockerConfig(registries.dockerConfigDir);
  if (known === undefined) return false;
  const helper = helperOf(known, registry);
  const entries = Object.entries(known.auths ?? {});
  const kept = entries.filter(([key]) => !isOf(key, registry));
  let found = kept.length < entries.length;
  if (helper !== undefined) {
    const said = await runHelper(context.host, helper, "get", `${keyOf(registry)}\n`, signal);
    if (said?.code === 0) {
      await askHelper(context, helper, "erase", `${keyOf(registry)}\n`, signal);
      found = true;
    }
  }
  if (kept.length < entries.length) {
    await write(registries.dockerConfigDir, { ...known, auths: Object.fromEntries(kept) });
  }
  return found;
}

/** A registry's host, also as an address such as people know it of `docker login`. */
function registryOf(text: string): string {
  const host = text.replace(/^https?:\/\//, "").replace(/\/(?:v[12]\/?)?$/, "");
  try {
    const parsed = parseReference(`${host}/a`, "registry");
    if (parsed.explicitHost && parsed.path.split("/").at(-1) === "a") return parsed.host;
  } catch {}
  throw invalidArgument(
    "registry",
    text,
    "it must be a registry's host with an optional port, such as registry.example.com:5000",
  );
}

async function verify(
  registries: ResolvedRegistries,
  registry: string,
  { username, password }: { username: string; password: string },
  signal: AbortSignal,
): Promise<void> {
  const endpoint = endpointsFor(registry, { ...registries, mirrors: new Map() })[0];
  if (endpoint === undefined) throw new RangeError("a registry has no address");
  const credentials = { kind: "password", username, password } as const;
  const session = new Session(endpoint, registries, undefined, async () => credentials);
  await withRetries(registries, signal, async () => {
    const answer = await session.get("", {}, signal);
    await answer.discard();
    if (answer.status === 200) return;
    if (answer.status === 401 || answer.status === 403)
      throw signInFailure(registry, "it refuses this user name and password");
    throw registryFailure(registry, `it answered ${answer.status} for /v2/`, "Is it a registry?");
  });
}

async function askHelper(
  { host }: StoreContext,
  name: string,
  verb: "store" | "erase",
  input: string,
  signal: AbortSignal,
): Promise<void> {
  const program = helperProgram(name);
  const said = await runHelper(host, name, verb, input, signal);
  if (said?.code === 0) return;
  const why = said === undefined ? "it is not installed" : printable(said.stdout + said.stderr);
  throw registryFailure(
    program,
    `the credential helper of Docker's configuration can't ${verb}: ${why.trim().slice(0, 200)}`,
    "Mend the helper, or take it out of Docker's config.json (credsStore, credHelpers).",
  );
}

/** Replaces the file, or what a link in its place leads to. */
async function write(dockerConfigDir: string, content: DockerConfig): Promise<string> {
  const path = configPath(dockerConfigDir);
  makeTrustedFolder(dockerConfigDir, 0o700);
  const target = (await unlessMissing(realpath(path))) ?? path;
  await replaceFile(target, `${JSON.stringify(content, null, "\t")}\n`);
  await chmod(target, 0o600);
  return path;
}
