import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type TestInstance, testInstance } from "./support/instance.ts";
import { Terminal } from "./support/terminal.ts";

let instance: TestInstance;
let terminal: Terminal;

beforeAll(async () => {
  instance = await testInstance();
  // It shows what is written to its terminal, and leaves to others what is typed there.
  terminal = await Terminal.open(["sleep", "1000"], process.env, { rows: 17, columns: 42 });
});
afterAll(async () => {
  await instance[Symbol.asyncDispose]();
  await terminal.close();
});

test("a process uses the terminal that its console names, whoever lets go of the sandbox", async () => {
  const { vc } = instance;
  const ask = 'tty; stty size; read name; echo "hello, $name"; exec sleep 1000';
  const on = { terminal: true, interactive: true, console: terminal.device };
  const cmd = { args: ["sh", "-c", ask], ...on };
  const containers = [{ id: "main", image: "busybox", cmd }];
  await (await vc.createSandbox({ id: "shown", containers })).release();
  await (await vc.startSandbox("shown")).release();
  await terminal.until(/\/dev\/(console|pts\/\d+)\r+\n17 42\r+\n/);
  terminal.type("first\r");
  await terminal.until(/hello, first\r+\n/);

  const again = { ...on, args: ["sh", "-c", 'read name; echo "welcome, $name"'] };
  const second = { id: "second", image: "busybox", waits: true };
  await (await vc.createContainer("shown", second)).sandbox.release();
  await vc.startContainer("shown", "second");
  await vc.stopContainer("shown", "main", { force: true });
  await expect.poll(async () => await terminal.stty("-a")).toMatch(/ icanon/);
  const { process, sandbox } = await vc.enterContainer("shown", "second", again);
  await sandbox.release();
  expect(await terminal.stty("-a")).toMatch(/-icanon/);
  terminal.type("second\r");
  await terminal.until(/welcome, second\r+\n/);
  expect(await vc.waitProcess("shown", "second", process.token)).toBe(0);
  await expect.poll(async () => await terminal.stty("-a")).toMatch(/ icanon/);
  await vc.deleteSandbox("shown", { force: true });
});

test("a console that is no terminal is refused by name, and nothing is made", async () => {
  const file = join(instance.stateDir, "file");
  writeFileSync(file, "");
  for (const [console, why] of [
    [file, "such as /dev/pts"],
    ["/dev/null", "such as /dev/pts"],
    ["/dev/pts/none", "ENOENT"],
  ] as const) {
    const cmd = { args: ["true"], terminal: true, console };
    const creating = instance.vc.createSandbox({
      containers: [{ id: "main", image: "busybox", cmd }],
    });
    await expect(creating).rejects.toMatchObject({
      code: "INVALID_ARGUMENT",
      field: "containers.0.cmd.console",
      message: expect.stringContaining(why),
    });
  }
  const cmd = { args: ["true"], console: terminal.device };
  await expect(
    instance.vc.createSandbox({ containers: [{ id: "main", image: "busybox", cmd }] }),
  ).rejects.toThrow("a console needs terminal: true");
  expect(await instance.vc.listSandbox()).toEqual([]);
});
