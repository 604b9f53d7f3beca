import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Result, resultOf } from "./result.ts";
import { type RunOptions, Virtc } from "./virtc.ts";

/** A command line of containers as docker's is. */
export interface Engine {
  /** Runs it to its end. */
  run(args: readonly string[], options?: RunOptions): Promise<Result>;
  /** The same on a terminal, whose output is all of stdout. */
  terminal(args: readonly string[]): Promise<{ code: number | null; text: string }>;
  /** Options of `run` that it needs here. */
  readonly runOptions: readonly string[];
  /** Makes `save` silent. */
  readonly quiet: readonly string[];
  /** Options of `commit` that it needs here. */
  readonly commitOptions: readonly string[];
  /** Takes an OCI archive under a name. */
  load(archive: string, name: string): Promise<void>;
  /** Gives what is left on the host. */
  end(): Promise<string[]>;
}

export async function virtcEngine(): Promise<Engine> {
  const virtc = await Virtc.create();
  return {
    run: (args, options) => virtc.run(args, options),
    terminal: (args) => onTerminal([virtc.path, ...args], virtc.env),
    runOptions: [],
    quiet: [],
    commitOptions: [],
    load: async (archive, name) => {
      succeeded(await virtc.run(["image", "import", "--name", name, archive]));
    },
    end: () => virtc.end(),
  };
}

/** In namespaces and memory of its own, so that nothing of podman's is ever on the host; crun wants cgroup v2 alone. */
const place = `
set -e
for folder in /run /dev/shm "$1"; do mount -t tmpfs tmpfs "$folder"; done
if ! [ -e /sys/fs/cgroup/cgroup.controllers ]; then
  umount -l /sys/fs/cgroup
  mount -t cgroup2 none /sys/fs/cgroup
fi
echo ready
exec cat`;

const unshare = ["unshare", "--mount", "--propagation", "private"];

/** Why podman can't run on this machine; undefined if it can. */
export function podmanLacks(): string | undefined {
  if (process.getuid?.() !== 0) return "needs root";
  const folder = mkdtempSync(join(tmpdir(), "podman-"));
  try {
    const [program = "", ...args] = unshare;
    const options = { input: "", encoding: "utf8", stdio: "pipe" } as const;
    execFileSync(program, [...args, "sh", "-c", place, "sh", folder], options);
    execFileSync("podman", ["--version"], { stdio: "ignore" });
    return undefined;
  } catch (error) {
    return `podman can't run here: ${error instanceof Error ? error.message : String(error)}`;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Debian's podman with crun, without cgroups and networks. */
export async function podmanEngine(): Promise<Engine> {
  const folder = mkdtempSync(join(tmpdir(), "podman-"));
  chmodSync(folder, 0o711);
  const [program = "", ...args] = unshare;
  const holder = spawn(program, [...args, "sh", "-c", place, "sh", folder], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  await once(holder.stdout, "data");
  const command = [
    ...["nsenter", `--mount=/proc/${holder.pid}/ns/mnt`, "podman"],
    ...["--root", join(folder, "root"), "--runroot", join(folder, "run")],
    ...["--tmpdir", join(folder, "tmp"), "--storage-driver", "vfs"],
    ...["--events-backend", "none", "--cgroup-manager", "cgroupfs", "--runtime", "crun"],
  ];
  const env = { ...process.env, TMPDIR: folder };
  const run = (words: readonly string[], options: RunOptions = {}): Promise<Result> =>
    runToEnd([...command, ...words], { ...options, env: { ...env, ...options.env } });
  return {
    run,
    terminal: (words) => onTerminal([...command, ...words], env),
    // What may be raised on a host, a container that ours is itself in may not.
    runOptions: [
      ...["--network", "none", "--cgroups", "disabled", "--security-opt", "seccomp=unconfined"],
      ...["--ulimit", "nofile=1024:1024", "--ulimit", "nproc=1024:1024"],
    ],
    quiet: ["-q"],
    // Without cgroups nothing can be paused, and an OCI image has no message.
    commitOptions: ["-q", "--pause=false", "--format", "docker"],
    load: async (archive, name) => {
      const { stdout } = succeeded(await run(["load", "--quiet", "--input", archive]));
      const loaded = stdout.trim().split(" ").at(-1) ?? "";
      succeeded(await run(["tag", loaded, `localhost/${name}`]));
    },
    async end() {
      await run(["rm", "--all", "--force", "--time", "0"]);
      holder.stdin.end();
      await ended(holder);
      rmSync(folder, { recursive: true, force: true });
      return [];
    },
  };
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
}

function succeeded(result: Result): Result {
  if (result.code === 0) return result;
  throw new Error(`it ended with ${result.code}: ${result.stderr}`);
}

async function runToEnd(
  [program = "", ...args]: readonly string[],
  { env, input = "" }: RunOptions,
): Promise<Result> {
  const child = spawn(program, args, { env });
  return await resultOf(child, input);
}

async function onTerminal(
  command: readonly string[],
  env: NodeJS.ProcessEnv,
): Promise<{ code: number | null; text: string }> {
  const quoted = command.map((word) => `'${word.replaceAll("'", "'\\''")}'`).join(" ");
  const { code, stdout } = await runToEnd(["script", "-qefc", quoted, "/dev/null"], { env });
  return { code, text: stdout };
}
