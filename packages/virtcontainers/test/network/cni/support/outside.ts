import { closeSync, openSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { createLibc } from "../../../../src/host/libc.ts";
import { inNamespace } from "../../../../src/host/network/enter.ts";
import { createHost } from "../../../../src/host/real.ts";

const libc = createLibc();
const host = createHost();
const cloneNewnet = 0x4000_0000;

/** What stands for the machine's own network: nothing of a test is ever made in the real one. */
export interface Outside {
  folder: string;
  namespace: string;
  leave(): Promise<void>;
}

/** Takes this thread, and all that it starts, into a namespace that is made for it. */
export async function enterOutside(): Promise<Outside> {
  const folder = await mkdtemp(join(tmpdir(), "virtc-outside-"));
  const namespace = join(folder, "netns");
  await host.network.makeNamespace(namespace);
  await run(namespace, "ip", "link", "set", "lo", "up");
  const home = openSync("/proc/thread-self/ns/net", "r");
  const there = openSync(namespace, "r");
  libc().setns(there, cloneNewnet);
  closeSync(there);
  return {
    folder,
    namespace,
    leave: async () => {
      libc().setns(home, cloneNewnet);
      closeSync(home);
      await host.network.removeNamespace(namespace);
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** Runs a tool in a namespace; fails if it does. */
export async function run(namespace: string, tool: string, ...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await host.network.run(namespace, tool, args, {
    timeoutMs: 50_000,
  });
  if (code !== 0) throw new Error(`${tool} ${args.join(" ")}: ${code} ${stderr}${stdout}`);
  return stdout;
}

/** A namespace that goes with the test. */
export async function testNamespace(outside: Outside, name: string): Promise<string> {
  const path = join(outside.folder, name);
  onTestFinished(() => host.network.removeNamespace(path));
  await host.network.makeNamespace(path);
  return path;
}

/** A server in a namespace that says its name, and to which address. */
export async function serve(namespace: string, port: number, name: string): Promise<void> {
  const server = createServer((socket) => {
    socket.on("error", () => {});
    socket.end(`${name} ${socket.remoteAddress?.replace("::ffff:", "")}`);
  });
  onTestFinished(() => void server.close());
  inNamespace(libc, namespace, () => server.listen(port));
}

/** What a server says; undefined if it can't be reached. */
export async function ask(
  namespace: string,
  address: string,
  port: number,
): Promise<string | undefined> {
  const args = ["nc", "-w", "2", address, String(port)];
  const { code, stdout } = await host.network.run(namespace, "busybox", args, {
    timeoutMs: 50_000,
  });
  return code === 0 ? stdout : undefined;
}

/** Links, addresses, rules of a namespace, for a comparison. */
export async function stateOf(namespace: string): Promise<string[]> {
  const links = await run(namespace, "ip", "-o", "link");
  const rules = await run(namespace, "nft", "list", "ruleset");
  return [
    ...links.split("\n").flatMap((line) => line.split(": ")[1] ?? []),
    ...rules
      .split("\n")
      .filter((line) => /\b(accept|drop|masquerade|dnat|jump)\b/i.test(line))
      .map((line) => line.replace(/packets \d+ bytes \d+/, "").trim()),
  ];
}
