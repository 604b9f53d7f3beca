import { spawn } from "node:child_process";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import type { Command, Sandbox } from "virtcontainers";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type TestInstance, testInstance } from "./support/instance.ts";

const mebibyte = 1024 * 1024;

let instance: TestInstance;
let sandbox: Sandbox;
beforeAll(async () => {
  instance = await testInstance();
  sandbox = await instance.vc.runSandbox({
    containers: [{ id: "main", image: "busybox", waits: true }],
  });
});
afterAll(async () => {
  await sandbox?.release();
  await instance[Symbol.asyncDispose]();
});

/** What a script of `support` tells, run as another process of the same user. */
async function another(script: string, ...args: string[]): Promise<unknown> {
  const path = join(import.meta.dirname, "support", script);
  const { stateDir, dataDir } = instance;
  const words = ["--import", "tsx", path, stateDir, dataDir, sandbox.id, ...args];
  const child = spawn(process.execPath, words, { stdio: ["ignore", "pipe", "inherit"] });
  return JSON.parse(await text(child.stdout));
}

/** Reads until a line says so. */
async function until(command: Command, says: string): Promise<void> {
  for await (const line of command.lines()) if (line.includes(says)) return;
  throw new Error(`it ended without ${says}`);
}

describe("a command that was started in the background", () => {
  const answers = 'echo ready; while read -r line; do echo "got $line"; done; echo bye >&2; exit 7';

  test("is gone on with by another process: its output, its input, its end", async () => {
    const started = await sandbox.commands.start(["sh", "-c", answers], { stdin: true });
    expect(started.pid).toBeGreaterThan(1);
    await until(started, "ready");
    started.stdin.write("from the first\n");
    await until(started, "from the first");
    expect(await another("command-child.ts", started.id)).toEqual({
      argv: ["sh", "-c", answers],
      exitCode: 7,
      stdout: "ready\ngot from the first\ngot from another\ngot the last\n",
      stderr: "bye\n",
    });
    expect(await started.wait()).toBe(7);
    const known = (await sandbox.commands.list()).find(({ id }) => id === started.id);
    expect(known).toMatchObject({ state: "ended", exitCode: 7, pid: started.pid });
  });

  test("writes more than anybody reads, and it is all there, from any offset on", async () => {
    const script = "dd if=/dev/zero bs=1M count=8 2>/dev/null; echo end";
    const started = await sandbox.commands.start(["sh", "-c", script]);
    expect(await started.wait()).toBe(0);
    const { stdoutBytes } = await started.result();
    expect(stdoutBytes.length).toBe(8 * mebibyte + 4);
    const rest = await sandbox.commands.connect(started.id, { stdoutOffset: 8 * mebibyte });
    expect(await text(rest.stdout)).toBe("end\n");
  });

  test("has a terminal that is left and taken up again, at another size", async () => {
    const size = { rows: 30, columns: 100 };
    const first = await sandbox.commands.start(["sh"], { tty: true, size });
    first.stdin.write("stty size\n");
    await until(first, "30 100");
    const second = await sandbox.commands.connect(first.id);
    await second.resize({ rows: 50, columns: 132 });
    second.stdin.write("stty size\n");
    await until(second, "50 132");
    second.stdin.write("exit 5\n");
    expect(await first.wait()).toBe(5);
  });

  test("is killed by whoever has its id", async () => {
    const { id } = await sandbox.commands.start(["sleep", "1000"]);
    const command = await sandbox.commands.connect(id);
    await command.kill("SIGTERM");
    expect(await command.wait()).toBe(143);
    expect(await command.status()).toMatchObject({ state: "ended", exitCode: 143 });
  });
});

test("a script of the shell has values that are data, wherever they stand", async () => {
  const odd = ["it's $HOME", '"; exit 9; "', "$(exit 9)", "a\nb", "*"];
  const { stdout } = await sandbox.sh`for one in ${odd}; do printf '<%s>' "$one"; done
cat <<END
${odd[0] ?? ""} and ${odd[2] ?? ""}
END
printf '%s' "$(printf '[%s]' ${odd[1] ?? ""} "${odd[4] ?? ""}")" >&2`;
  expect(stdout).toBe(`${odd.map((one) => `<${one}>`).join("")}${odd[0]} and ${odd[2]}\n`);
  await expect(Promise.resolve(sandbox.sh`ls /${"not there"}`)).rejects.toMatchObject({
    code: "EXIT_CODE",
    exitCode: 1,
    message: expect.stringContaining("not there"),
  });
  expect((await sandbox.sh({ cwd: "/tmp" })`pwd; exit 4`.nothrow()).exitCode).toBe(4);
});

test("128 MiB that are streamed by chunks take less than 64 MiB more than 8 of them", async () => {
  const told = await another("stream-child.ts", "128");
  expect(told).toEqual({ bytes: 128 * mebibyte, grownKib: expect.any(Number) });
  expect(told).toHaveProperty(
    "grownKib",
    expect.toSatisfy((grown) => grown < 64 * 1024),
  );
});
