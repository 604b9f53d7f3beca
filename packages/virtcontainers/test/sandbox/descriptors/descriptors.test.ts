import { execFileSync, fork } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const script = fileURLToPath(new URL("./child.ts", import.meta.url));

test("a process that runs out of file descriptors anywhere gets typed errors, and nothing of it is left", async () => {
  const folder = await mkdtemp(join(tmpdir(), "virtc-few-"));
  const child = fork(script, [folder], { execArgv: ["--import", "tsx"] });
  const outcome = new Promise<unknown>((resolve) => {
    child.on("message", (message) => {
      if (typeof message !== "number") return resolve(message);
      execFileSync("prlimit", [`--pid=${child.pid}`, `--nofile=${message}:`]);
      child.send("set");
    });
    child.once("exit", (code) => resolve(`it ended with ${code}`));
  });
  const codes = new Set([await outcome].flat());
  expect([...codes].sort()).toEqual(["HOST_FAILED", "done"]);
  if (child.exitCode === null) await once(child, "exit");
  await rm(folder, { recursive: true });
});
