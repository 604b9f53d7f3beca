import type { Hook } from "../config/oci/hooks.ts";
import { isVirtError, VirtError } from "../errors.ts";
import { phase } from "../events.ts";
import type { Context } from "../operation/context.ts";
import { runHeld } from "../store/run-held.ts";
import type { StoredContainer, StoredSandbox } from "../store/schema.ts";

/** What the ledger calls their processes. */
export const hookName = "hook";

/** By its random value a hook is found whose runner was killed before it knew the pid. */
const markerVariable = "VIRTCONTAINERS_HOOK";

type Kind = "prestart" | "createRuntime" | "poststart" | "poststop";

/** For a poststop hook that names no time of its own: a delete has to end. */
const poststopTimeoutMs = 30_000;

/** True if a container has hooks that may put links for the guest into its namespace. */
export function hasNetworkHooks({ config }: Pick<StoredContainer, "config">): boolean {
  const { prestart = [], createRuntime = [] } = config.customSpec?.hooks ?? {};
  return prestart.length + createRuntime.length > 0;
}

/**
 * Runs the hooks that come before a container is made in the guest. From now on its poststop hooks are owed,
 * whoever deletes it; those of an earlier life of the container come first. TIMEOUT, HOOK_FAILED.
 */
export async function hooksBeforeCreate(
  context: Context,
  sandbox: StoredSandbox,
  container: StoredContainer,
  signal: AbortSignal,
): Promise<void> {
  if (container.config.customSpec?.hooks === undefined) return;
  await hooksAfterDelete(context, sandbox, container);
  container.owesPoststop = true;
  await context.store.write(sandbox);
  await runAll(context, sandbox, container, "prestart", signal);
  await runAll(context, sandbox, container, "createRuntime", signal);
}

/** Runs the hooks that come after a container was started. TIMEOUT, HOOK_FAILED. */
export async function hooksAfterStart(
  context: Context,
  sandbox: StoredSandbox,
  container: StoredContainer,
  signal: AbortSignal,
): Promise<void> {
  await runAll(context, sandbox, container, "poststart", signal);
}

/** Runs the hooks that are owed when a container is gone. What fails is told to the logger; the others still run. */
export async function hooksAfterDelete(
  context: Context,
  sandbox: StoredSandbox,
  container: StoredContainer,
): Promise<void> {
  if (!container.owesPoststop) return;
  const signal = new AbortController().signal;
  for (const [index, hook] of (container.config.customSpec?.hooks?.poststop ?? []).entries()) {
    const bounded = { ...hook, timeout: hook.timeout ?? poststopTimeoutMs / 1000 };
    await runHook(context, sandbox, container, "poststop", index, bounded, signal).catch((error) =>
      context.logger.warn(
        { err: error, sandboxId: sandbox.id, containerId: container.id },
        "a poststop hook failed",
      ),
    );
  }
  delete container.owesPoststop;
}

async function runAll(
  context: Context,
  sandbox: StoredSandbox,
  container: StoredContainer,
  kind: Kind,
  signal: AbortSignal,
): Promise<void> {
  for (const [index, hook] of (container.config.customSpec?.hooks?.[kind] ?? []).entries())
    await runHook(context, sandbox, container, kind, index, hook, signal);
}

async function runHook(
  context: Context,
  sandbox: StoredSandbox,
  container: StoredContainer,
  kind: Kind,
  index: number,
  hook: Hook,
  signal: AbortSignal,
): Promise<void> {
  const ids = { sandboxId: sandbox.id, containerId: container.id };
  const details = { ...ids, phase: `hook.${kind}`, field: `hooks.${kind}.${index}` };
  const name = `the hook ${kind}.${index}, ${hook.path},`;
  const [argv0 = hook.path, ...args] = hook.args ?? [];
  const env = Object.fromEntries((hook.env ?? []).map(variable));
  const input = JSON.stringify(ociState(context, sandbox, container, kind));
  const timeout = hook.timeout === undefined ? {} : { timeoutMs: hook.timeout * 1000 };
  const options = { argv0, env, input, signal, ...timeout };
  const run = runHeld(context.host, context.store.ledger(sandbox.id), {
    name: hookName,
    variable: markerVariable,
    onStart: () => context.host.failpoint("hook.started"),
  });
  try {
    const { code, stderr } = await phase(details.phase, ids, () => run(hook.path, args, options));
    if (code === 0) return;
    const said = stderr.trim().slice(-500);
    const text = `${name} ended with exit code ${code}${said ? `: ${said}` : ""}`;
    throw new VirtError("HOOK_FAILED", text, details);
  } catch (error) {
    if (signal.aborted || isVirtError(error, "HOOK_FAILED")) throw error;
    if (isVirtError(error, "TIMEOUT")) {
      const text = `${name} did not finish within its ${hook.timeout} s, and was killed`;
      throw new VirtError("TIMEOUT", text, { ...details, cause: error });
    }
    const why = error instanceof Error ? error.message : String(error);
    throw new VirtError("HOOK_FAILED", `${name} failed: ${why}`, { ...details, cause: error });
  }
}

function variable(entry: string): [name: string, value: string] {
  const at = entry.indexOf("=");
  return at < 0 ? [entry, ""] : [entry.slice(0, at), entry.slice(at + 1)];
}

const statusAt = {
  prestart: "creating",
  createRuntime: "creating",
  poststart: "running",
  poststop: "stopped",
} as const;

/** What a hook reads: the state of the OCI runtime specification (runtime.md); its process is the VM. */
function ociState(
  context: Context,
  sandbox: StoredSandbox,
  { id, config }: StoredContainer,
  kind: Kind,
): object {
  return {
    ociVersion: config.customSpec?.ociVersion,
    id,
    status: statusAt[kind],
    ...(kind !== "poststop" && { pid: sandbox.vm?.process.pid ?? 0 }),
    bundle: config.bundle ?? context.store.folder(sandbox.id).path,
    annotations: config.annotations ?? {},
  };
}
