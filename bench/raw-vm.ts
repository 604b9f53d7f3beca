import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { watch } from "node:fs";
import { mkdtemp, open, readdir, readFile, readlink, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";

/** A VMM's command line. Its sockets and logs are relative to the folder that it is started in. */
export interface RawCommand {
  path: string;
  args: readonly string[];
}

/** The command line of QEMU as it runs, with the files that it inherited named by their paths. */
export async function commandOf(pid: number): Promise<RawCommand> {
  const words = await wordsOf(pid);
  const given = words.flatMap(
    (word) => /^fd=(\d+),set=\1,opaque=(.+)$/.exec(word)?.slice(1, 3) ?? [],
  );
  const paths = await pathsOf(pid, given);
  const args: string[] = [];
  for (const word of words) {
    if (word === "-add-fd" || /^fd=\d+,set=/.test(word)) continue;
    args.push(
      word.replace(/\/(?:dev\/fdset|proc\/self\/fd)\/\d+/g, (link) => paths.get(link) ?? link),
    );
  }
  return { path: await readlink(`/proc/${pid}/exe`), args };
}

/** The words that a process was started with, after its name. */
export async function wordsOf(pid: number): Promise<string[]> {
  return (await readFile(`/proc/${pid}/cmdline`, "utf8")).split("\0").slice(1, -1);
}

/**
 * What the names of inherited files in QEMU's arguments stand for; `given` are the numbers and names of its
 * `-add-fd`. QEMU copies those to higher numbers, in their order, and closes them.
 */
async function pathsOf(pid: number, given: readonly string[]): Promise<Map<string, string>> {
  const folder = `/proc/${pid}/fd`;
  const paths = new Map<string, string>();
  const copies: string[] = [];
  for (const number of (await readdir(folder)).map(Number).sort((a, b) => a - b)) {
    const path = await readlink(`${folder}/${number}`).catch(() => "");
    paths.set(`/proc/self/fd/${number}`, path);
    const highest = Math.max(0, ...given.filter((_, index) => index % 2 === 0).map(Number));
    const file =
      number > highest ? await stat(`${folder}/${number}`).catch(() => undefined) : undefined;
    if (file?.isFile()) copies.push(path);
  }
  for (let index = 0; index < given.length; index += 2) {
    const path = given[index + 1] === "sink" ? "/dev/null" : copies.shift();
    if (path === undefined) throw new Error(`QEMU does not show its file ${given[index + 1]}`);
    paths.set(`/dev/fdset/${given[index]}`, path);
  }
  return paths;
}

/** A VMM that was started by hand, in a fresh folder. Disposing it kills it and removes the folder. */
export class RawVm implements AsyncDisposable {
  readonly folder: string;
  readonly startedAt: number;
  readonly #child: ChildProcess;
  readonly #exited: Promise<unknown>;

  private constructor(folder: string, child: ChildProcess, startedAt: number) {
    this.folder = folder;
    this.#child = child;
    this.startedAt = startedAt;
    this.#exited = once(child, "exit");
  }

  /** `descriptors` are its numbers 3 and on. */
  static async start(
    { path, args }: RawCommand,
    parent: string,
    descriptors: readonly number[] = [],
  ): Promise<RawVm> {
    const folder = await mkdtemp(join(parent, "raw-"));
    await writeFile(join(folder, "console.log"), "");
    await using output = await open(join(folder, "qemu.out"), "w");
    const startedAt = performance.now();
    const stdio = ["ignore" as const, output.fd, output.fd, ...descriptors];
    const child = spawn(path, args, { cwd: folder, stdio });
    await once(child, "spawn");
    return new RawVm(folder, child, startedAt);
  }

  get pid(): number {
    if (this.#child.pid === undefined) throw new Error("the raw VM did not start");
    return this.#child.pid;
  }

  /** Milliseconds from the start until `pattern` stands on the console. */
  async saw(pattern: RegExp, signal: AbortSignal): Promise<number> {
    const path = join(this.folder, "console.log");
    const limit = AbortSignal.any([signal, AbortSignal.timeout(60_000)]);
    const watcher = watch(path);
    try {
      for (;;) {
        const changed = once(watcher, "change", { signal: limit });
        changed.catch(() => {});
        const text = await readFile(path, "latin1");
        if (pattern.test(text)) return performance.now() - this.startedAt;
        await Promise.race([changed, this.#exited.then(() => this.fail())]);
      }
    } finally {
      watcher.close();
    }
  }

  /** Throws, with what QEMU and the guest said. */
  async fail(): Promise<never> {
    const read = (name: string): Promise<string> => readFile(join(this.folder, name), "latin1");
    const console = (await read("console.log")).slice(-2000);
    throw new Error(`the raw VM failed: ${await read("qemu.out")}\n${console}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill("SIGKILL");
    await this.#exited;
    await rm(this.folder, { recursive: true, force: true });
  }
}

/** What the agent prints before anything else. */
const firstLine = /^virtc-agent \S+ starting/m;

/** Starts the same VM that a sandbox would get, and waits for the first line of its init. */
export async function bootRaw(
  command: RawCommand,
  parent: string,
  signal: AbortSignal,
): Promise<{ vm: RawVm; ms: number }> {
  const vm = await RawVm.start(command, parent);
  try {
    return { vm, ms: await vm.saw(firstLine, signal) };
  } catch (error) {
    await vm[Symbol.asyncDispose]();
    throw error;
  }
}

/** Milliseconds of one such boot. */
export async function timeRawBoot(
  command: RawCommand,
  parent: string,
  signal: AbortSignal,
): Promise<number> {
  const { vm, ms } = await bootRaw(command, parent, signal);
  await vm[Symbol.asyncDispose]();
  return ms;
}
