import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readlinkSync } from "node:fs";
import { createInterface } from "node:readline";
import { createHost } from "virtcontainers/host";
import { onTestFinished } from "vitest";

const host = createHost();

/** A network namespace of a test. */
export interface TestNamespace {
  /** Of a process that holds it: it is gone as soon as that process is. */
  readonly path: string;
  /** Runs `ip` in it; fails unless that agrees. */
  ip(...args: string[]): Promise<string>;
  /** Runs a command in it; fails unless that ends with 0. */
  run(argv: readonly string[], input?: string): Promise<string>;
  /** Starts a command in it, which ends with the test. */
  start(argv: readonly string[]): ChildProcess;
}

/** What ends with this process, whatever ends it. */
const bound = ["setpriv", "--pdeathsig", "KILL"] as const;

/** A namespace with its loopback up, that is gone with the test, with all that is in it. */
export async function testNamespace(): Promise<TestNamespace> {
  const holder = begin([...bound, "unshare", "--net", "sh", "-c", "echo there && exec sleep inf"]);
  await firstLine(holder);
  const path = `/proc/${holder.pid}/ns/net`;
  if (readlinkSync(path) === readlinkSync("/proc/self/ns/net")) throw new Error("no new namespace");
  const run = async (argv: readonly string[], input?: string): Promise<string> => {
    const [tool = "", ...args] = argv;
    const options = input === undefined ? {} : { input };
    const { code, stdout, stderr } = await host.network.run(path, tool, args, options);
    if (code === 0) return stdout;
    throw new Error(`${argv.join(" ")} ended with ${code}: ${stderr}${stdout}`);
  };
  await run(["ip", "link", "set", "lo", "up"]);
  return {
    path,
    run,
    ip: (...args) => run(["ip", ...args]),
    start: (argv) => begin(["nsenter", `--net=${path}`, ...bound, ...argv]),
  };
}

function begin([command = "", ...args]: readonly string[]): ChildProcess {
  const child = spawn(command, args, { stdio: ["ignore", "pipe", "inherit"] });
  onTestFinished(async () => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, "exit");
    child.kill("SIGKILL");
    await ended;
  });
  return child;
}

/** What a child says first; an error if it ends before. */
export async function firstLine(child: ChildProcess): Promise<string> {
  if (child.stdout === null) throw new Error("the child has no output");
  for await (const line of createInterface(child.stdout)) return line;
  throw new Error(`${child.spawnargs.join(" ")} ended too early`);
}
