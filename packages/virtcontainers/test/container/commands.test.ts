import { once } from "node:events";
import { text } from "node:stream/consumers";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import type { Command as BackgroundCommand, CommandChunk, Sandbox } from "../../src/index.ts";
import {
  type AgentFault,
  type Command,
  createTestInstance,
  type TestInstance,
} from "../../src/testing/index.ts";
import { refusal } from "../support/refusal.ts";
import { killVm, waiting } from "../support/sandbox.ts";

/** Answers each line of its input, and each change of its terminal. */
const answering: Command = async ({ stdin, stdout, stderr, onSignal, terminal }) => {
  onSignal(28, () => void stdout.write(`size ${terminal?.rows}x${terminal?.columns}\n`));
  await stdout.write("ready\n");
  for await (const chunk of stdin) {
    await stdout.write(`got ${chunk}`);
    await stderr.write(`err ${chunk}`);
  }
  return 7;
};

/** Writes more than a pipe holds, which nobody reads. */
const much: Command = async ({ stdout }) => {
  for (let piece = 0; piece < 48; piece++) await stdout.write("x".repeat(64 * 1024));
  return 0;
};

const catcher: Command = ({ onSignal, signal, stdout }) =>
  new Promise((resolve, reject) => {
    onSignal(15, () => resolve(42));
    signal.addEventListener("abort", () => reject(signal.reason));
    void stdout.write("ready\n");
  });

let instance: TestInstance;
let sandbox: Sandbox;
/** The same one, as another program has it. */
let other: Sandbox;
beforeAll(async () => {
  instance = await createTestInstance({ commands: { answering, much, catcher } });
  sandbox = await instance.vc.runSandbox({ id: "sb", containers: [waiting] });
  other = await instance.vc.fetchSandbox("sb");
});
afterAll(async () => {
  await other.release();
  await sandbox.release();
  await instance[Symbol.asyncDispose]();
});

/** Reads until a chunk has been there that says so. */
async function until(command: BackgroundCommand, says: string): Promise<CommandChunk[]> {
  const chunks: CommandChunk[] = [];
  for await (const chunk of command) {
    chunks.push(chunk);
    if (String(chunk.data).includes(says)) break;
  }
  return chunks;
}

describe("a command that goes on by itself", () => {
  test("is found by its id, with its output since the start, and takes input and its end from there", async () => {
    const started = await sandbox.commands.start(["answering"], { stdin: true });
    const known = (await other.commands.list()).find(({ id }) => id === started.id);
    expect(known).toMatchObject({
      ...{ container: "c1", argv: ["answering"], state: "running", output: "log" },
      ...{ pid: started.pid, terminal: false, exitCode: undefined },
    });
    expect(known?.startedAt).toBeInstanceOf(Date);
    const connected = await other.commands.connect(started.id);
    await until(connected, "ready");
    connected.stdin.write("one\n");
    await until(started, "got one");
    started.stdin.end("two\n");
    expect(await connected.wait()).toBe(7);
    const { exitCode, stdout, stderr } = await connected.result();
    expect([exitCode, stdout, stderr]).toEqual([
      7,
      "ready\ngot one\ngot two\n",
      "err one\nerr two\n",
    ]);
    expect(await started.status()).toMatchObject({ state: "ended", exitCode: 7 });
  });

  test("is not held up by a reader that is not there", async () => {
    const started = await sandbox.commands.start(["much"]);
    expect(await started.wait()).toBe(0);
    expect((await (await other.commands.connect(started.id)).result()).stdoutBytes.length).toBe(
      48 * 64 * 1024,
    );
  });

  test("is read from an offset on, by chunks that tell theirs, by lines and by streams", async () => {
    const { id } = await sandbox.commands.start(["sh", "-c", "echo one; echo two; echo bad >&2"]);
    await (await sandbox.commands.connect(id)).wait();
    const connected = await other.commands.connect(id, { stdoutOffset: 2, stderrOffset: 3 });
    const found = { stdout: "", stderr: "" };
    const offsets = { stdout: 2, stderr: 3 };
    for await (const { stream, data, offset, time } of connected) {
      expect(offset).toBe(offsets[stream] + found[stream].length);
      expect(time.getTime()).toBeGreaterThan(0);
      found[stream] += Buffer.from(data).toString();
    }
    expect(found).toEqual({ stdout: "e\ntwo\n", stderr: "\n" });
    expect(await text(connected.stdout)).toBe("e\ntwo\n");
    expect(await text(connected.stderr)).toBe("\n");
    const lines: string[] = [];
    for await (const line of connected.lines("stdout", { stdoutOffset: 0 })) lines.push(line);
    for await (const line of connected.lines("stderr", { stderrOffset: 0 })) lines.push(line);
    expect(lines).toEqual(["one", "two", "bad"]);
  });

  test("tells its output so far, without waiting for more", async () => {
    const started = await sandbox.commands.start(["answering"], { stdin: true });
    await until(started, "ready");
    let said = "";
    for await (const { data } of started.output({ follow: false })) said += Buffer.from(data);
    expect(said).toBe("ready\n");
    const controller = new AbortController();
    const waiting = refusal(started.wait({ signal: controller.signal }));
    controller.abort();
    expect((await waiting).code).toBe("CANCELED");
    expect((await refusal(started.wait({ timeoutMs: 1 }))).code).toBe("TIMEOUT");
    await started.kill();
    expect(await started.wait()).toBe(137);
  });

  test("tells functions as it goes, and its output is bounded", async () => {
    const started = await sandbox.commands.start(["sh", "-c", "echo one; echo bad >&2"]);
    const heard: string[] = [];
    const onStdout = (piece: string) => heard.push(`out ${piece}`);
    await started.result({ onStdout, onStderr: async (piece) => heard.push(`err ${piece}`) });
    expect(heard.sort()).toEqual(["err bad\n", "out one\n"]);
    expect(await refusal(started.result({ maxOutputBytes: 2 }))).toMatchObject({
      code: "NO_SPACE",
      field: "maxOutputBytes",
    });
  });

  test("tells that the log had no room for more, where that may be", async () => {
    const small = { id: "small", logLimitMiB: 1, containers: [waiting] };
    await using full = await instance.vc.runSandbox(small, { deleteOnDispose: true });
    const first = await full.commands.start(["sh", "-c", "echo one"]);
    expect(await first.result()).toMatchObject({ stdout: "one\n", truncated: false });
    expect((await (await full.commands.start(["much"])).result()).truncated).toBe(true);
    const ended = await full.commands.connect(first.id);
    expect((await ended.result()).truncated).toBe(false);
  });

  test("is left at once by who reads its lines or streams, also while nothing comes", async () => {
    const watches = (): number =>
      process.getActiveResourcesInfo().filter((kind) => kind === "FSEventWrap").length;
    const before = watches();
    const started = await sandbox.commands.start(["answering"], { stdin: true });
    for await (const line of started.lines()) {
      expect(line).toBe("ready");
      break;
    }
    const reader = started.stdout.getReader();
    await reader.read();
    expect(watches()).toBeGreaterThan(before);
    await reader.cancel();
    await vi.waitFor(() => expect(watches()).toBe(before), 20_000);
    await started.kill();
  });

  test("gets signals, and one that has ended is no error", async () => {
    const started = await sandbox.commands.start(["catcher"]);
    await until(started, "ready");
    const connected = await other.commands.connect(started.id, { container: "c1" });
    await connected.kill("SIGTERM");
    expect(await started.wait()).toBe(42);
    await connected.kill("SIGTERM");
  });

  test("has a terminal that another process takes over, at another size", async () => {
    const size = { rows: 30, columns: 100 };
    const started = await sandbox.commands.start(["answering"], { tty: true, size });
    await until(started, "ready");
    const connected = await other.commands.connect(started.id);
    expect(connected.info.terminal).toBe(true);
    await connected.resize({ rows: 50, columns: 132 });
    await until(connected, "size 50x132");
    connected.stdin.write("hello\n");
    await until(started, "err hello");
    await started.kill();
    expect(await connected.wait()).toBe(137);
  });
});

describe("a guest that is silent", () => {
  test("holds no call up beyond its deadline", async () => {
    const faults: AgentFault[] = [];
    await using silent = await createTestInstance({ agent: { faults }, commands: { answering } });
    await using there = await silent.vc.runSandbox({ containers: [waiting] });
    const { commands } = there;
    const command = await commands.start(["answering"], { tty: true });
    faults.push({ at: "*", does: { kind: "hang" } });
    const limit = { timeoutMs: 100 };
    const calls: (() => Promise<unknown>)[] = [
      () => commands.start(["true"], limit),
      () => commands.list(limit),
      () => commands.connect(command.id, limit),
      () => command.status(limit),
      () => command.kill("SIGTERM", limit),
      () => command.resize({ rows: 24, columns: 80 }, limit),
      () => command.wait(limit),
      () => command.result(limit),
      () => commands.run(["true"], limit).then(),
    ];
    for (const call of calls) expect((await refusal(call())).code).toBe("TIMEOUT");
    faults.length = 0;
  });
});

describe("what is not to be had", () => {
  test("is refused by name", async () => {
    const { commands } = sandbox;
    const bad: [() => Promise<unknown>, string, string][] = [
      [() => commands.connect("0123"), "PROCESS_NOT_FOUND", "has no command 0123"],
      [() => commands.connect("../x"), "INVALID_ARGUMENT", "id"],
      [() => commands.connect("0123", { container: "c9" }), "CONTAINER_NOT_FOUND", "c9"],
      [() => commands.connect("0123", { stdoutOffset: -1 }), "INVALID_ARGUMENT", "stdoutOffset"],
      [() => commands.list(JSON.parse('{"all":true}')), "INVALID_ARGUMENT", "options.all"],
      [() => commands.list({ container: "c9" }), "CONTAINER_NOT_FOUND", "c9"],
      [() => commands.start([]), "INVALID_ARGUMENT", "cmd.args"],
      [() => commands.start(["no-such-program"]), "COMMAND_NOT_FOUND", "no-such-program"],
      [() => commands.start(JSON.parse('"true"')), "INVALID_ARGUMENT", "list of words"],
      [
        () => commands.start(["true"], JSON.parse('{"stdin":"a"}')),
        "INVALID_ARGUMENT",
        "options.stdin",
      ],
    ];
    for (const [call, code, says] of bad) {
      const error = await refusal(call());
      expect([error.code, error.message]).toEqual([code, expect.stringContaining(says)]);
    }
  });

  test("is a log that the guest does not keep", async () => {
    await using foreign = await createTestInstance({ agent: { features: [] } });
    await using there = await foreign.vc.runSandbox({ containers: [waiting] });
    expect((await refusal(there.commands.start(["true"]))).code).toBe("NOT_SUPPORTED");
    expect((await refusal(there.commands.list())).code).toBe("NOT_SUPPORTED");
  });

  test("is the output of what somebody else reads", async () => {
    const handle = sandbox.exec(["sleep", "infinity"]);
    const { id, pid } = await handle.status();
    expect(pid).toBeGreaterThan(0);
    const connected = await other.commands.connect(id);
    expect(connected.info.output).toBe("client");
    const error = await refusal(connected.output().next());
    expect(error).toMatchObject({ code: "INVALID_STATE" });
    expect(error.hint).toContain("commands.start()");
    await connected.kill();
    expect((await handle).exitCode).toBe(137);
  });

  test("is an open input that was not asked for", async () => {
    const started = await sandbox.commands.start(["answering"]);
    await started.wait();
    started.stdin.write("x");
    const [error] = await once(started.stdin, "error");
    expect(error.code).toMatch(/^(AGENT_ERROR|PROCESS_NOT_FOUND|INVALID_STATE)$/);
  });
});

describe("a sandbox that ends", () => {
  test("leaves the log, which still tells of its commands", async () => {
    await using gone = await instance.vc.runSandbox({ id: "gone", containers: [waiting] });
    const ended = await gone.commands.start(["sh", "-c", "echo done; exit 3"]);
    await ended.wait();
    const running = await gone.commands.start(["answering"], { stdin: true });
    await until(running, "ready");
    const waits = refusal(running.wait());
    await killVm(instance, "gone");
    expect((await waits).code).toBe("SANDBOX_DEAD");
    await gone.stop({ force: true });
    const found = await gone.commands.connect(ended.id);
    expect(found.info).toMatchObject({ state: "ended", exitCode: 3, container: "c1" });
    expect((await found.result()).stdout).toBe("done\n");
    expect((await gone.commands.connect(running.id)).info.exitCode).toBeUndefined();
    expect((await refusal(gone.commands.connect("0123"))).code).toBe("INVALID_STATE");
    expect((await refusal(gone.commands.list())).code).toBe("INVALID_STATE");
    expect((await refusal(gone.commands.start(["true"]))).code).toBe("INVALID_STATE");
  });
});
