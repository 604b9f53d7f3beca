import { spawn } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { onTestFinished } from "vitest";
import { testFolder } from "../../support/folder.ts";

/** Debian's docker-registry on a free port of 127.0.0.1, until the test ends; gives host and port. */
export async function dockerRegistry(): Promise<string> {
  const folder = await testFolder();
  const config = join(folder, "config.yml");
  const content = {
    version: "0.1",
    log: { level: "info", accesslog: { disabled: true } },
    storage: { filesystem: { rootdirectory: join(folder, "registry") } },
    http: { addr: "127.0.0.1:0", secret: "for this test only" },
  };
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
