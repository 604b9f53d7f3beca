import { once } from "node:events";
import { text } from "node:stream/consumers";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type ExecHandle, isVirtError, type Sandbox } from "../../src/index.ts";
import { type Command, createTestInstance, type TestInstance } from "../../src/testing/index.ts";
import { refusal } from "../support/refusal.ts";
import { waiting } from "../support/sandbox.ts";
import { runningExecs } from "./support/execs.ts";

/** Writes its terminal's size now and after each change. */
const size: Command = async ({ terminal, stdout, onSignal, signal }) => {
  const tell = () => stdout.write(`${terminal?.rows}x${terminal?.columns}\n`);
  onSignal(28, () => void tell());
  await tell();
  await once(signal, "abort");
  return 0;
};

const yes: Command = async ({ stdout }) => {
  for (;;) await stdout.write("y".repeat(64 * 1024));
};

/** Catches SIGTERM and ends with 42. */
const catcher: Command = ({ stdout, onSignal, signal }) =>
  new Promise((resolve, reject) => {
    onSignal(15, () => resolve(42));
    signal.addEventListener("abort", () => reject(signal.reason));
    void stdout.write("ready\n");
  });

/** Says on stderr what would clear the screen and turn the direction of writing. */
const steering: Command = async ({ stderr }) => {
  await stderr.write("a\u001b[2J\u009bb\u202e");
  return 1;
};

async function all(source: AsyncIterable<unknown>): Promise<unknown[]> {
  const found: unknown[] = [];
  for await (const one of source) found.push(one);
  return found;
}

let instance: TestInstance;
let sandbox: Sandbox;
beforeAll(async () => {
  instance = await createTestInstance({
    commands: { size, yes, catcher, steering, readme: "not-executable" },
  });
  sandbox = await instance.vc.runSandbox({ id: "exec", containers: [waiting] });
});
afterAll(async () => {
  await sandbox.release();
  await instance[Symbol.asyncDispose]();
});

describe("a finished command", () => {
  test("gives exit code, text and bytes of both streams", async () => {
    const result = await sandbox.exec(["sh", "-c", "echo out; echo err >&2; exit 3"]);
    expect(result).toEqual({
      exitCode: 3,
      stdout: "out\n",
      stderr: "err\n",
      stdoutBytes: Buffer.from("out\n"),
      stderrBytes: Buffer.from("err\n"),
      truncated: false,
    });
  });

  test("with check, a failure is an error that tells the code and what was said", async () => {
    const error = await refusal(
      sandbox.exec(["sh", "-c", "echo it broke >&2; exit 3"], { check: true }),
    );
    expect(error).toMatchObject({ code: "EXIT_CODE", exitCode: 3 });
    expect(error.message).toBe("sh ended with exit code 3: it broke");
    expect((await sandbox.exec(["true"], { check: true })).exitCode).toBe(0);
  });

  test.each([
    ["lines", (handle: ExecHandle) => all(handle.lines())],
    ["chunks", (handle: ExecHandle) => all(handle)],
    ["a stream", (handle: ExecHandle) => text(handle.stdout)],
  ])("with check, %s end with that error, after all of the output", async (_, read) => {
    const script = "echo out; echo err >&2; exit 3";
    const handle = sandbox.exec(["sh", "-c", script], { check: true });
    expect(await refusal(read(handle))).toMatchObject({
      code: "EXIT_CODE",
      exitCode: 3,
      stdout: "out\n",
      stderr: "err\n",
    });
    expect(await read(sandbox.exec(["sh", "-c", "echo out"], { check: true }))).toBeTruthy();
    expect(await read(sandbox.exec(["sh", "-c", script]))).toBeTruthy();
  });

  test("what a guest says stands in errors without what could steer a terminal", async () => {
    const error = await refusal(sandbox.exec(["steering"], { check: true }));
    expect(error.message).toBe("steering ended with exit code 1: a\ufffd[2J\ufffdb\ufffd");
  });

  test("catch and finally are there as for every promise", async () => {
    const seen: string[] = [];
    const code = await sandbox
      .exec(["sh", "-c", "exit 3"], { check: true })
      .finally(() => void seen.push("finally"))
      .catch((error: unknown) => isVirtError(error) && error.exitCode);
    const caught = await sandbox
      .exec(["sh", "-c", "exit 4"], { check: true })
      .catch(() => "caught");
    expect([code, caught, seen]).toEqual([3, "caught", ["finally"]]);
  });

  test("is a list of words; a text is refused, and names and values are no list", async () => {
    const wrong: unknown = "ls -l";
    expect((await refusal(sandbox.exec(wrong as string[]))).message).toMatch(
      /^argv: "ls -l" is not allowed; it must be a list of words; a shell is/,
    );
    const env: unknown = ["A=1"];
    const options = { env: env as Record<string, string> };
    expect(await refusal(sandbox.exec(["true"], options))).toMatchObject({ field: "options.env" });
  });

  test("is forgotten by the guest", async () => {
    await sandbox.exec(["true"]);
    expect(instance.agent("exec").containers.get("c1")?.execs.size).toBe(0);
  });

  test("had the environment, folder and user that were asked for", async () => {
    const env = { A: "1 $2", B: "" };
    const { stdout } = await sandbox.exec(["sh", "-c", "pwd; env"], { env, cwd: "/srv" });
    const lines = stdout.trimEnd().split("\n");
    expect(lines[0]).toBe("/srv");
    expect(lines).toContain("A=1 $2");
    expect(lines).toContain("B=");
    expect((await sandbox.exec(["true"], { user: "nobody" })).exitCode).toBe(0);
  });

  test("that a signal ended has 128 and its number", async () => {
    const handle = sandbox.exec(["sleep", "infinity"]);
    await handle.kill("SIGUSR1");
    expect((await handle).exitCode).toBe(138);
    await handle.kill();
  });
});

describe("output as it comes", () => {
  test("in chunks of both streams", async () => {
    const seen: Record<string, string> = { stdout: "", stderr: "" };
    const handle = sandbox.exec(["sh", "-c", "echo a; echo b >&2; echo c"]);
    for await (const { stream, data } of handle) seen[stream] += Buffer.from(data).toString();
    expect(seen).toEqual({ stdout: "a\nc\n", stderr: "b\n" });
    expect((await handle).stdout).toBe("a\nc\n");
  });

  test("in lines", async () => {
    const lines: string[] = [];
    for await (const line of sandbox.exec(["sh", "-c", "echo a; echo; echo -n c"]).lines())
      lines.push(line);
    expect(lines).toEqual(["a", "", "c"]);
  });

  test("as web streams", async () => {
    const handle = sandbox.exec(["sh", "-c", "echo a; echo b >&2"]);
    expect(await Promise.all([text(handle.stdout), text(handle.stderr)])).toEqual(["a\n", "b\n"]);
  });

  test("a reader that stops early does not hold the command up", async () => {
    const handle = sandbox.exec(["sh", "-c", "echo a; echo b; exit 5"]);
    for await (const line of handle.lines()) {
      expect(line).toBe("a");
      break;
    }
    expect((await handle).exitCode).toBe(5);
  });

  test("two commands at once each get their own", async () => {
    const results = await Promise.all(
      Array.from({ length: 20 }, (_, i) => sandbox.exec(["sh", "-c", `echo ${i}; exit ${i}`])),
    );
    expect(results.map((r) => [r.stdout, r.exitCode])).toEqual(
      results.map((_, i) => [`${i}\n`, i]),
    );
  });
});

describe("a command that is ended", () => {
  test("by an abort is dead in the guest when the handle rejects", async () => {
    const controller = new AbortController();
    const handle = sandbox.exec(["catcher"], { signal: controller.signal });
    for await (const line of handle.lines()) {
      expect(line).toBe("ready");
      expect(runningExecs(instance, "exec")).toHaveLength(1);
      controller.abort(new Error("enough"));
      break;
    }
    const error = await refusal(handle);
    expect(error).toMatchObject({ code: "CANCELED", cause: new Error("enough") });
    expect(runningExecs(instance, "exec")).toEqual([]);
  });

  test("by its deadline too", async () => {
    const error = await refusal(sandbox.exec(["sleep", "infinity"], { timeoutMs: 50 }));
    expect(error.code).toBe("TIMEOUT");
    expect(error.message).toContain("50 ms");
    expect(runningExecs(instance, "exec")).toEqual([]);
  });

  test("tells in its error what was written until then", async () => {
    const controller = new AbortController();
    const handle = sandbox.exec(["catcher"], { signal: controller.signal });
    for await (const line of handle.lines()) if (line === "ready") break;
    controller.abort();
    expect(await refusal(handle)).toMatchObject({
      code: "CANCELED",
      stdout: "ready\n",
      stderr: "",
    });
  });

  test("before it started, by a signal that was aborted already", async () => {
    const calls = instance.agent("exec").calls("ExecProcess");
    const error = await refusal(sandbox.exec(["true"], { signal: AbortSignal.abort() }));
    expect(error.code).toBe("CANCELED");
    expect(instance.agent("exec").calls("ExecProcess")).toBe(calls);
  });

  test("by a signal that it catches ends as it likes", async () => {
    const handle = sandbox.exec(["catcher"]);
    for await (const line of handle.lines()) {
      expect(line).toBe("ready");
      await handle.kill("SIGTERM");
    }
    expect((await handle).exitCode).toBe(42);
  });
});

describe("more output than is kept", () => {
  test("is an error, and the command is killed", async () => {
    const error = await refusal(sandbox.exec(["yes"], { maxOutputBytes: 100_000 }));
    expect(error).toMatchObject({ code: "NO_SPACE", field: "maxOutputBytes" });
    expect(runningExecs(instance, "exec")).toEqual([]);
  });

  test("is none for who reads along", async () => {
    const stdin = Buffer.alloc(3_000_000);
    const handle = sandbox.exec(["cat"], { stdin, maxOutputBytes: 100_000 });
    let bytes = 0;
    for await (const { data } of handle) bytes += data.length;
    const { exitCode, stdoutBytes, truncated } = await handle;
    expect([bytes, exitCode, stdoutBytes.length]).toEqual([3_000_000, 0, 100_000]);
    expect(truncated).toBe(true);
  });

  test("is one again when the reader has left", async () => {
    const handle = sandbox.exec(["yes"], { maxOutputBytes: 100_000 });
    for await (const { stream } of handle) {
      expect(stream).toBe("stdout");
      break;
    }
    expect((await refusal(handle)).code).toBe("NO_SPACE");
    expect(runningExecs(instance, "exec")).toEqual([]);
  });
});

describe("output that is read as it comes", () => {
  const stdin = Buffer.alloc(3_000_000, "x\n");

  test("is kept to a part if nobody wants the result before its end", async () => {
    const handle = sandbox.exec(["cat"], { stdin });
    let bytes = 0;
    for await (const { data } of handle) bytes += data.length;
    const { exitCode, stdoutBytes, truncated } = await handle;
    expect([bytes, exitCode, truncated]).toEqual([3_000_000, 0, true]);
    expect(stdoutBytes.length).toBeLessThanOrEqual(1024 * 1024);
    expect(await refusal(text(handle.stdout))).toMatchObject({ code: "NO_SPACE" });
  });

  test("is kept as ever if somebody awaits the handle meanwhile", async () => {
    const handle = sandbox.exec(["cat"], { stdin });
    const [read, result] = await Promise.all([text(handle.stdout), handle]);
    expect([read.length, result.truncated]).toEqual([3_000_000, false]);
    expect(stdin.equals(result.stdoutBytes)).toBe(true);
  });

  test("has lines of stderr, too", async () => {
    const handle = sandbox.exec(["sh", "-c", "echo out; echo err >&2; echo more >&2"]);
    const lines: string[] = [];
    for await (const line of handle.lines("stderr")) lines.push(line);
    expect(lines).toEqual(["err", "more"]);
    expect(await refusal(handle.lines(JSON.parse('"both"')).next())).toMatchObject({
      code: "INVALID_ARGUMENT",
      field: "stream",
    });
  });

  test("is told to functions, and is in the result, too", async () => {
    const heard = { stdout: "", stderr: "" };
    const { stdout, stderr } = await sandbox.exec(["sh", "-c", "echo out; echo err >&2"], {
      onStdout: (text) => {
        heard.stdout += text;
      },
      onStderr: async (text) => {
        await Promise.resolve();
        heard.stderr += text;
      },
    });
    expect(heard).toEqual({ stdout: "out\n", stderr: "err\n" });
    expect({ stdout, stderr }).toEqual(heard);
  });

  test("ends the command where such a function fails", async () => {
    const onStdout = () => {
      throw new Error("no more, please");
    };
    await expect(Promise.resolve(sandbox.exec(["yes"], { onStdout }))).rejects.toThrow(
      "no more, please",
    );
    expect(runningExecs(instance, "exec")).toEqual([]);
  });
});

describe("a terminal", () => {
  test("has the size that was asked for, and follows a resize", async () => {
    const handle = sandbox.exec(["size"], { tty: true, size: { rows: 30, columns: 100 } });
    const lines: string[] = [];
    for await (const line of handle.lines()) {
      lines.push(line);
      if (lines.length === 1) await handle.resize({ rows: 50, columns: 132 });
      else break;
    }
    await handle.kill();
    await handle;
    expect(lines).toEqual(["30x100", "50x132"]);
  });

  test("takes stderr with stdout", async () => {
    const { stdout, stderr } = await sandbox.exec(["sh", "-c", "echo a >&2"], { tty: true });
    expect([stdout, stderr]).toEqual(["a\n", ""]);
  });

  test("is needed for a resize", async () => {
    const handle = sandbox.exec(["sleep", "infinity"]);
    expect((await refusal(handle.resize({ rows: 1, columns: 1 }))).message).toContain("no tty");
    await handle.kill();
  });

  test.each([
    [0, 80],
    [24, 65536],
    [1.5, 80],
  ])("of %d x %d is refused by name", async (rows, columns) => {
    const handle = sandbox.exec(["size"], { tty: true });
    const error = await refusal(handle.resize({ rows, columns }));
    expect(error).toMatchObject({
      code: "INVALID_ARGUMENT",
      field: rows === 24 ? "width" : "height",
    });
    await handle.kill();
  });
});

describe("what can't be run", () => {
  test.each<[string[], object, string, string]>([
    [["no-such-program"], {}, "COMMAND_NOT_FOUND", 'exec: "no-such-program": not found in PATH'],
    [["/bin/nothing"], {}, "COMMAND_NOT_FOUND", 'exec: "/bin/nothing": no such file'],
    [["readme"], {}, "COMMAND_NOT_EXECUTABLE", 'exec: "readme": permission denied'],
    [["true"], { user: "mallory" }, "INVALID_ARGUMENT", "no user mallory"],
    [["true"], { container: "c9" }, "CONTAINER_NOT_FOUND", "c9"],
    [[], {}, "INVALID_ARGUMENT", "cmd.args"],
    [[""], {}, "INVALID_ARGUMENT", "exec.args"],
    [["a\u0000b"], {}, "INVALID_ARGUMENT", "NUL"],
    [["true"], { cwd: "srv" }, "INVALID_ARGUMENT", "options.cwd"],
    [["true"], { timeout: 5 }, "INVALID_ARGUMENT", "options.timeout"],
    [["true"], { env: { "A=B": "c" } }, "INVALID_ARGUMENT", "exec.envs.0.var"],
    [["true"], { maxOutputBytes: 0 }, "INVALID_ARGUMENT", "options.maxOutputBytes"],
  ])("%j with %j is %s", async (argv, options, code, says) => {
    const error = await refusal(sandbox.exec(argv, options));
    expect(error.code).toBe(code);
    expect(error.message).toContain(says);
    expect(runningExecs(instance, "exec")).toEqual([]);
  });

  test("the readers of its output learn why", async () => {
    const handle = sandbox.exec(["no-such-program"]);
    const lines = async (): Promise<void> => {
      for await (const line of handle.lines()) expect(line).toBeUndefined();
    };
    await expect(lines()).rejects.toMatchObject({ code: "COMMAND_NOT_FOUND" });
    await expect(text(handle.stdout)).rejects.toMatchObject({ code: "COMMAND_NOT_FOUND" });
  });
});
