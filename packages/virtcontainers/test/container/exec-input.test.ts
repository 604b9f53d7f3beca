import { Readable } from "node:stream";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { ExecInput, Sandbox } from "../../src/index.ts";
import { createTestInstance, type TestInstance } from "../../src/testing/index.ts";
import { waiting } from "../support/sandbox.ts";
import { runningExecs } from "./support/execs.ts";

let instance: TestInstance;
let sandbox: Sandbox;
beforeAll(async () => {
  instance = await createTestInstance();
  sandbox = await instance.vc.runSandbox({ id: "exec", containers: [waiting] });
});
afterAll(async () => {
  await sandbox.release();
  await instance[Symbol.asyncDispose]();
});

describe("standard input", () => {
  const bytes = Buffer.from("some input\n");
  const kinds: Record<string, () => ExecInput> = {
    "a text": () => bytes.toString(),
    bytes: () => new Uint8Array(bytes),
    "a list": () => ["some ", Buffer.from("input\n")],
    "an async generator": async function* () {
      yield "some ";
      yield Buffer.from("input\n");
    },
    "a Node stream": () => Readable.from([bytes]),
    "a web stream": () => new Blob([bytes]).stream(),
    nothing: () => "",
  } as Record<string, () => ExecInput>;

  test.each(Object.entries(kinds))("%s", async (name, stdin) => {
    const { stdout, exitCode } = await sandbox.exec(["cat"], { stdin: stdin() });
    expect(stdout).toBe(name === "nothing" ? "" : bytes.toString());
    expect(exitCode).toBe(0);
  });

  test("without any, the command reads nothing", async () => {
    expect((await sandbox.exec(["cat"])).stdout).toBe("");
  });

  test("written through the handle", async () => {
    const handle = sandbox.exec(["cat"]);
    handle.stdin.write("a");
    handle.stdin.end("b");
    expect((await handle).stdout).toBe("ab");
  });

  test("16 MiB come back as they were", async () => {
    const data = Buffer.alloc(16 * 1024 * 1024, "0123456789abcdef");
    const { stdoutBytes } = await sandbox.exec(["cat"], { stdin: data });
    expect(Buffer.compare(Buffer.from(stdoutBytes), data)).toBe(0);
  });

  test("of a command that does not read it is no error", async () => {
    const stdin = Buffer.alloc(8 * 1024 * 1024);
    expect((await sandbox.exec(["true"], { stdin })).exitCode).toBe(0);
  });

  test("that fails kills the command and is the error", async () => {
    const stdin = new Readable({
      read() {
        this.destroy(new Error("the source broke"));
      },
    });
    await expect(sandbox.exec(["cat"], { stdin })).rejects.toThrow("the source broke");
    expect(runningExecs(instance, "exec")).toEqual([]);
  });

  test("taken too late is refused", async () => {
    const handle = sandbox.exec(["true"]);
    await handle;
    expect(() => handle.stdin).toThrow(expect.objectContaining({ code: "INVALID_STATE" }));
  });
});
