/** The part of the demonstration about networks, for a network namespace that nobody else is in. */
import { execFileSync } from "node:child_process";
import { say, shown } from "./support/say.ts";
import { type } from "./support/type.ts";

/** Anything that fails is told, and is this program's failure. */
async function typed(...args: string[]): Promise<void> {
  if ((await type(...args)) !== 0) process.exitCode = 1;
}

async function fetched(url: string): Promise<void> {
  say(shown(`$ curl ${url}`));
  try {
    const answer = await fetch(url, { signal: AbortSignal.timeout(60_000) });
    say((await answer.text()).trimEnd());
  } catch (error) {
    process.exitCode = 1;
    say(`  it can't be fetched: ${String(error)}`);
  }
}

// An ordinary user is not root of the namespace that he is in, and has it from others.
if (process.getuid?.() === 0) execFileSync("ip", ["link", "set", "lo", "up"]);
say("A container is connected to the bridge of this host, unless it says otherwise:");
await typed("run", "--rm", "busybox", "ip", "-o", "-4", "address", "show", "dev", "eth0");
await typed("network", "create", "demo");
const page = "echo '<p>from a container</p>' > /tmp/index.html; exec httpd -f -h /tmp";
const server = ["busybox", "sh", "-c", page];
await typed("run", "-d", "--name", "web", "--network", "demo", "-p", "8080:80", ...server);
await typed("port", "web");
say("From this machine, by the published port:");
await fetched("http://127.0.0.1:8080/");
say("From another container of the network, by name:");
await typed(
  ...["run", "--rm", "--network", "demo", "busybox", "wget", "-qO-", "http://web/index.html"],
);
await typed("rm", "-f", "web");
await typed("network", "rm", "demo");
