import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { promisify } from "node:util";

const run = promisify(execFile);

/** Of the lab's two hosts. */
export const here = { ip: "198.51.100.1", ip6: "2001:db8:1::1" } as const;
export const remote = { ip: "198.51.100.2", ip6: "2001:db8:1::2" } as const;

/** Answers each request with the address that it came from. */
const server =
  'require("node:http").createServer((request, answer) => answer.end(request.socket.remoteAddress))' +
  '.listen(80, "::", () => console.log("ready"))';

/**
 * A small internet in network namespaces, which end with their processes: `netns` is the host that things are run on,
 * and beyond it is another host, with a web server, which is the way to everywhere.
 */
export class Lab implements AsyncDisposable {
  /** The path of the namespace of the host. */
  readonly netns: string;
  /** That of the host beyond it. */
  readonly beyond: string;
  readonly #children: ChildProcess[];

  private constructor(netns: string, beyond: string, children: ChildProcess[]) {
    this.netns = netns;
    this.beyond = beyond;
    this.#children = children;
  }

  static async create(): Promise<Lab> {
    const children: ChildProcess[] = [];
    try {
      const host = await started(children, "unshare", ["--net", ...idle]);
      const other = await started(children, "unshare", ["--net", ...idle]);
      const lab = new Lab(`/proc/${host}/ns/net`, `/proc/${other}/ns/net`, children);
      await lab.exec("ip", ["link", "set", "lo", "up"]);
      await lab.exec("ip", [
        "link",
        "add",
        "up0",
        "type",
        "veth",
        "peer",
        "eth0",
        "netns",
        `${other}`,
      ]);
      await join(lab.netns, "up0", here, remote);
      await join(lab.beyond, "eth0", remote, here);
      const enter = [`--net=${lab.beyond}`, "--", process.execPath, "-e", server];
      await started(children, "nsenter", enter);
      return lab;
    } catch (error) {
      await end(children);
      throw error;
    }
  }

  /** Runs a program on the host; gives what it prints. */
  async exec(file: string, args: readonly string[]): Promise<string> {
    return await inside(this.netns, file, args);
  }

  /** Starts a server on the host, which says a line when it listens. */
  async serve(file: string, args: readonly string[]): Promise<AsyncDisposable> {
    return await served(this.netns, file, args);
  }

  /** The same on the host beyond. */
  async serveBeyond(file: string, args: readonly string[]): Promise<AsyncDisposable> {
    return await served(this.beyond, file, args);
  }

  /** Starts a program on the host beyond, which ends with the lab. */
  startBeyond(file: string, args: readonly string[]): ChildProcess {
    const child = spawn("nsenter", [`--net=${this.beyond}`, "--", file, ...args], {
      stdio: ["ignore", "ignore", "inherit"],
    });
    this.#children.push(child);
    return child;
  }

  /** Runs a program on the host beyond; gives what it prints. */
  async execBeyond(file: string, args: readonly string[]): Promise<string> {
    return await inside(this.beyond, file, args);
  }

  /** What a web server answers to the host, once it listens. */
  async fetch(url: string): Promise<string> {
    const patient = ["--retry", "60", "--retry-connrefused", "--retry-delay", "1"];
    return await this.exec("curl", ["-sS", "--fail", "--max-time", "60", ...patient, url]);
  }

  /** Links of the host, and the rules that lead somewhere; the empty chains of CNI's plugins don't count. */
  async state(): Promise<string[]> {
    const links = await this.exec("ip", ["-br", "link"]);
    const rules = await this.exec("nft", ["list", "ruleset"]);
    const names = links.split("\n").map((line) => line.split(/[\s@]/, 1)[0] ?? "");
    const leading = rules
      .split("\n")
      .filter((line) => /dport|dnat to|addr [\da-f]*[:.]/.test(line));
    return [...names, ...leading].filter((text) => text !== "").sort();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await end(this.#children);
  }
}

const idle = ["--", "sh", "-c", "echo ready; exec sleep infinity"];

/** The pid of a program that has said that it is ready. */
async function started(children: ChildProcess[], file: string, args: string[]): Promise<number> {
  const child = spawn(file, args, { stdio: ["ignore", "pipe", "inherit"] });
  children.push(child);
  const lines = createInterface(child.stdout);
  const ended = once(child, "close").then(() => {
    throw new Error(`${file} ${args.join(" ")} ended with ${child.exitCode}`);
  });
  await Promise.race([once(lines, "line"), ended]);
  ended.catch(() => {});
  return child.pid ?? 0;
}

async function served(
  netns: string,
  file: string,
  args: readonly string[],
): Promise<AsyncDisposable> {
  const children: ChildProcess[] = [];
  await started(children, "nsenter", [`--net=${netns}`, "--", file, ...args]);
  return { [Symbol.asyncDispose]: () => end(children) };
}

async function join(
  netns: string,
  link: string,
  own: typeof here | typeof remote,
  router: typeof here | typeof remote,
): Promise<void> {
  const ip = (...args: string[]) => inside(netns, "ip", args);
  await ip("link", "set", "lo", "up");
  await ip("address", "add", `${own.ip}/24`, "dev", link);
  await ip("address", "add", `${own.ip6}/64`, "dev", link, "nodad");
  await ip("link", "set", link, "up");
  await ip("route", "add", "default", "via", router.ip);
  await ip("-6", "route", "add", "default", "via", router.ip6);
}

async function inside(netns: string, file: string, args: readonly string[]): Promise<string> {
  return (await run("nsenter", [`--net=${netns}`, "--", file, ...args])).stdout;
}

async function end(children: readonly ChildProcess[]): Promise<void> {
  for (const child of [...children].reverse()) {
    if (child.exitCode !== null || child.signalCode !== null) continue;
    const closed = once(child, "close");
    child.kill("SIGKILL");
    await closed;
  }
}
