import { resolve } from "node:path";
import type { CopyResult } from "virtcontainers";
import type { Context } from "../../context.ts";
import { UsageError } from "../../errors/usage.ts";
import type { SandboxHandle } from "../../library.ts";
import { json } from "../../output/json.ts";
import { pickContainer } from "../../sandbox/pick-container.ts";
import { abortable } from "../../terminal/abortable.ts";
import { writer } from "../../terminal/drained.ts";
import { tellSkipped } from "../skipped.ts";

/** The options of `cp`, as the parser gives them. */
export interface CpOptions {
  archive?: boolean;
  container?: string;
  json?: boolean;
}

/** A place on this host, or in a container. */
interface Place {
  name: string | undefined;
  path: string;
}

/** Copies between this host and a container. */
export async function cp(
  source: string,
  target: string,
  options: CpOptions,
  context: Context,
): Promise<void> {
  const [from, to] = [parsePlace(source), parsePlace(target)];
  const name = from.name ?? to.name;
  if (name === undefined || (from.name !== undefined && to.name !== undefined)) {
    throw new UsageError(
      "one of the two paths must be in a container: CONTAINER:PATH",
      "A path of this host with a colon in it can be written ./a:b.",
    );
  }
  const result = await abortable(context.signals, async (signal) => {
    const sandbox = await (await context.library()).fetchSandbox(name, { signal });
    try {
      return await copy(sandbox, from, to, options, signal, context);
    } finally {
      await sandbox.release();
    }
  });
  if (result !== undefined) tell(result, to.path === "-" ? {} : options, context);
}

async function copy(
  sandbox: SandboxHandle,
  from: Place,
  to: Place,
  options: CpOptions,
  signal: AbortSignal,
  context: Context,
): Promise<CopyResult> {
  const id = pickContainer(sandbox.id, sandbox.containers(), options.container);
  const { archive } = options;
  const how = { signal, ...(archive && { archive }) };
  if (from.name === undefined) {
    if (from.path === "-") return await sandbox.importTar(id, to.path, context.stdin, how);
    return await sandbox.copyTo(id, hostPath(from, context), to.path, how);
  }
  if (to.path !== "-") return await sandbox.copyFrom(id, from.path, hostPath(to, context), how);
  return await sandbox.exportTar(id, from.path, writer(context.stdout), how);
}

/** `NAME:PATH` is in a container, unless a slash or dot comes first. */
function parsePlace(text: string): Place {
  const [, name, path] = /^([a-zA-Z0-9][a-zA-Z0-9_.-]*):(.*)$/s.exec(text) ?? [];
  if (name === undefined || path === undefined) return { name: undefined, path: text };
  return { name, path: path.startsWith("/") ? path : `/${path}` };
}

/** An absolute path with the ending that says what is meant: a folder, or what is in it. */
function hostPath({ path }: Place, context: Context): string {
  const ending = path === "." || path.endsWith("/.") ? "/." : path.endsWith("/") ? "/" : "";
  return `${resolve(context.cwd, path)}${ending}`;
}

function tell(result: CopyResult, options: CpOptions, context: Context): void {
  tellSkipped(result.skipped, context);
  if (options.json) context.stdout.write(json(result));
}
