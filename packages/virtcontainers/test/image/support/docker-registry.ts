import { spawn } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { onTestFinished } from "vitest";
import { testFolder } from "../../support/folder.ts";

/** `alice` with the password `s3:cret`, as htpasswd -B writes it. */
export const alice = "alice:$2y$05$abcdefghijklmnopqrstuurbSequnG1gzxxhK4UV/3MoClne322iS\n";

/**
 * Debian's docker-registry on a free port of 127.0.0.1, until the test ends; gives host and port. With `users`, lines of
 * htpasswd, nobody else is let in.
 */
export async function dockerRegistry(users?: string): Promise<string> {
  const folder = await testFolder();
  const config = join(folder, "config.yml");
  const content = {
    version: "0.1",
    log: { level: "info", accesslog: { disabled: true } },
    storage: { filesystem: { rootdirectory: join(folder, "registry") } },
    ...(users !== undefined && {
      auth: { htpasswd: { realm: "test", path: join(folder, "htpasswd") } },
    }),
    http: { addr: "127.0.0.1:0", secret: "for this test only" },
  };
  if (users !== undefined) await writeFile(join(folder, "htpasswd"), users);
  await writeFile(config, JSON.stringify(content));
  const child = spawn("docker-registry", ["serve", config], {
    stdio: ["ignore", "ignore", "pipe"],
  });
  const ended = new Promise((resolve) => child.once("close", resolve));
  onTestFinished(async () => {
    child.kill();
    await ended;
  });
  const lines: string[] = [];
  for await (const line of createInterface(child.stderr)) {
    lines.push(line);
    const address = /listening on ([0-9.]+:[0-9]+)/.exec(line)?.[1];
    if (address) {
      child.stderr.resume();
      return address;
    }
  }
  throw new Error(`docker-registry did not start:\n${lines.join("\n")}`);
}
