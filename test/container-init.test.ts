import { afterAll, beforeAll, expect, test } from "vitest";
import { type TestInstance, testInstance } from "./support/instance.ts";

let instance: TestInstance;
beforeAll(async () => {
  instance = await testInstance();
});
afterAll(async () => {
  await instance[Symbol.asyncDispose]();
});

test("with init the command is a child of the first process, which hands signals on and reaps", async () => {
  const script = [
    "trap 'echo told; exit 5' TERM",
    "(true &)",
    "until [ $(grep -l 'State:.Z' /proc/[0-9]*/status 2>/dev/null | wc -l) = 0 ]; do sleep 0.1; done",
    "tr '\\0' ' ' < /proc/1/cmdline; echo; echo parent $PPID",
    "while :; do sleep 0.1; done",
  ].join("\n");
  const main = { id: "main", image: "busybox", init: true, cmd: { args: ["sh", "-c", script] } };
  const none = { id: "none", image: "busybox", init: true, cmd: { args: ["no-such-thing"] } };
  await using sandbox = await instance.vc.runSandbox({ containers: [main] });
  const { stdout, stderr } = await sandbox.ioStream("main", "main");
  stderr.resume();
  let text = "";
  for await (const chunk of stdout) {
    const before = text.includes("parent 1");
    text += String(chunk);
    if (!before && text.includes("parent 1")) await sandbox.killContainer("main", "SIGTERM");
  }
  expect(text).toContain("init sh -c trap");
  expect(text.slice(-14)).toBe("parent 1\ntold\n");
  expect(await sandbox.waitProcess("main", "main")).toBe(5);
  await sandbox.createContainer(none);
  await sandbox.startContainer("none");
  expect(await sandbox.waitProcess("none", "none")).toBe(127);
});
