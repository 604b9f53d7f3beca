import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { chmod, chown, mkdir, mkdtemp, readdir, rm, watch } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { leftovers } from "./instance.ts";
import { type Result, resultOf } from "./result.ts";
import { Terminal } from "./terminal.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const virtc = join(root, "packages/virtc/bin/virtc");

/** The archive of the busybox image that set-up imports. */
export const busyboxArchive = join(root, "packages/guest-linux-x64/dist/busybox.tar");

export interface RunOptions {
  input?: string | Uint8Array;
  env?: NodeJS.ProcessEnv;
  cwd?: string;
}

/** The built command line with folders of its own. */
export class Virtc {
  /** The program. */
  readonly path = virtc;
  readonly folder: string;
  readonly stateDir: string;
  readonly env: NodeJS.ProcessEnv;
  /** What stands before a program that is to be in its network namespace. */
  readonly prefix: readonly string[];

  private constructor(folder: string, netns: string | undefined, prefix: readonly string[]) {
    this.folder = folder;
    this.prefix = [...(netns === undefined ? [] : ["nsenter", `--net=${netns}`, "--"]), ...prefix];
    this.stateDir = join(folder, "state");
    this.env = {
      ...process.env,
      // The launcher takes the first node of the path.
      PATH: `${dirname(process.execPath)}:${process.env.PATH}`,
      VIRTC_STATE_DIR: this.stateDir,
      VIRTC_DATA_DIR: join(folder, "data"),
      // Nothing is done to this machine's own network.
      VIRTC_NETWORK: netns === undefined ? "none" : "",
    };
  }

  /**
   * Fresh folders with the busybox image in them; `netns` is the network namespace that it is run in. Without one
   * containers have no network unless they ask for it. `user` is who runs it, and what stands before its programs then.
   */
  static async create({
    netns,
    user,
  }: {
    netns?: string;
    user?: { uid: number; prefix: readonly string[] };
  } = {}): Promise<Virtc> {
    const folder = await mkdtemp(join(tmpdir(), "virtc-cli-"));
    const virtc = new Virtc(folder, netns, user?.prefix ?? []);
    await chmod(virtc.folder, 0o711);
    if (user !== undefined) {
      const runtime = join(folder, "run");
      await mkdir(runtime, { mode: 0o700 });
      Object.assign(virtc.env, { HOME: folder, TMPDIR: folder, XDG_RUNTIME_DIR: runtime });
      for (const path of [folder, runtime]) await chown(path, user.uid, user.uid);
    }
    const { code, stderr } = await virtc.run(["image", "import", busyboxArchive]);
    if (code !== 0) throw new Error(`the busybox image could not be imported: ${stderr}`);
    return virtc;
  }

  /** What a command line prints that must succeed. */
  async ok(...args: string[]): Promise<string> {
    const { code, stdout, stderr } = await this.run(args);
    if (code !== 0) throw new Error(`virtc ${args.join(" ")} ended with ${code}: ${stderr}`);
    return stdout;
  }

  /** Runs a command line to its end. */
  async run(args: readonly string[], options: RunOptions = {}): Promise<Result> {
    return await resultOf(this.spawn(args, options), options.input ?? "");
  }

  /** Starts a command line; its streams are pipes. */
  spawn(args: readonly string[], options: RunOptions = {}): ChildProcessWithoutNullStreams {
    const [file = virtc, ...words] = [...this.prefix, virtc, ...args];
    return spawn(file, words, {
      env: { ...this.env, ...options.env },
      cwd: options.cwd ?? this.folder,
    });
  }

  /** Starts a command line on a terminal. */
  terminal(args: readonly string[], size?: { rows: number; columns: number }): Promise<Terminal> {
    return Terminal.open([...this.prefix, virtc, ...args], this.env, size);
  }

  /** Removes the containers that a test has left. */
  async removeAll(): Promise<void> {
    const names = await readdir(join(this.stateDir, "sbs")).catch(() => []);
    if (names.length > 0) await this.run(["rm", "-f", ...names]);
  }

  /** Removes all containers and the folders; gives what was left of sandboxes on the host. */
  async end(): Promise<string[]> {
    await this.removeAll();
    const left = this.leftovers();
    await rm(this.folder, { recursive: true, force: true });
    return left;
  }

  /** Resolves when the folder of a sandbox has been made; for one that is being created. */
  async sandboxMade(id: string): Promise<void> {
    const changes = watch(join(this.stateDir, "sbs"));
    for await (const { filename } of changes) if (filename === id) return;
  }

  /** Processes, mounts and sandbox files that belong to this state folder. */
  leftovers(): string[] {
    return leftovers(this);
  }
}
