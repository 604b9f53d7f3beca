import { spawn } from "node:child_process";
import { once } from "node:events";
import type { HostCheck } from "virtcontainers/host";
import type { Context } from "../../context.ts";
import { UsageError } from "../../errors/usage.ts";

const aptOptions = ["-o", "DPkg::Lock::Timeout=300"];

/** The Debian packages that bring what the failed checks miss. */
export function packagesFor(checks: readonly HostCheck[]): string[] {
  return [...new Set(checks.filter(({ ok }) => !ok).flatMap(({ packages }) => packages))];
}

/** Installs Debian packages with apt; as root, or by sudo where that asks for no password. */
export async function installPackages(names: readonly string[], context: Context): Promise<void> {
  const prefix = await superuser(names);
  for (const args of [["update"], ["install", "-y", "--no-install-recommends", ...names]]) {
    const command = [...prefix, "apt-get", ...aptOptions, ...args];
    context.stdout.write(`running ${command.join(" ")}\n`);
    const code = await run(command, context, context.stderr.isTTY === true);
    if (code === 0) continue;
    throw new UsageError(
      `apt-get ${args[0]} failed with exit code ${code}`,
      "Its output stands above. `virtc setup` can be run again.",
    );
  }
}

/** The words before a command that make it run as root. */
async function superuser(names: readonly string[]): Promise<string[]> {
  if (process.getuid?.() === 0) return [];
  if ((await probe(["sudo", "-n", "true"])) === 0) return ["sudo", "-n"];
  throw new UsageError(
    "packages are missing, and this is neither root nor allowed to use sudo without a password",
    `Run: sudo apt-get install --no-install-recommends ${names.join(" ")}`,
  );
}

async function run(
  command: readonly string[],
  context: Context,
  showAll: boolean,
): Promise<number | null> {
  const child = start(command, context.env);
  child.stderr?.pipe(context.stderr, { end: false });
  if (showAll) child.stdout?.pipe(context.stderr, { end: false });
  else child.stdout?.resume();
  return await exitCode(child);
}

async function probe(command: readonly string[]): Promise<number | null> {
  const child = start(command, process.env);
  child.stdout?.resume();
  child.stderr?.resume();
  return await exitCode(child);
}

function start([path = "", ...args]: readonly string[], env: NodeJS.ProcessEnv) {
  return spawn(path, args, {
    env: { ...env, DEBIAN_FRONTEND: "noninteractive" },
    stdio: ["ignore", "pipe", "pipe"],
  });
}

/** Null where the program could not be started. */
async function exitCode(child: ReturnType<typeof start>): Promise<number | null> {
  try {
    await once(child, "close");
    return child.exitCode;
  } catch {
    return null;
  }
}
