import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import { describe, expect, test } from "vitest";
import type { Sandbox } from "../../src/index.ts";
import { type AgentFault, type Command, createTestInstance } from "../../src/testing/index.ts";
import { refusal } from "../support/refusal.ts";
import { waiting } from "../support/sandbox.ts";

const features = ["virtcontainers", "offsets"];
const bytes = randomBytes(5 * 1024 * 1024);
const sha256 = (data: Uint8Array): string => createHash("sha256").update(data).digest("hex");

/** Writes all the bytes, in pieces of odd sizes, to both streams. */
const flood: Command = async ({ stdout, stderr }) => {
  for (let at = 0; at < bytes.length; at += 77_777) {
    await stdout.write(bytes.subarray(at, at + 77_777));
    await stderr.write(bytes.subarray(at, at + 77_777));
  }
  return 3;
};

async function setUp(faults: AgentFault[] = []) {
  const instance = await createTestInstance({ agent: { faults, features }, commands: { flood } });
  const sandbox = await instance.vc.runSandbox({ id: "sb", containers: [waiting] });
  return { instance, sandbox, [Symbol.asyncDispose]: () => instance[Symbol.asyncDispose]() };
}

async function start(sandbox: Sandbox, args: string[]): Promise<string> {
  return (await sandbox.enterContainer("c1", { args })).process.token;
}

describe("a connection that breaks while the VM lives", () => {
  test("loses and doubles no output, and not the exit code", async () => {
    const cut = (at: string, nth: number): AgentFault => ({ at, nth, does: { kind: "cut" } });
    await using all = await setUp([
      ...[2, 5, 6, 9].map((nth) => cut("ReadOutput", nth)),
      cut("WaitProcess", 1),
    ]);
    const { exitCode, stdoutBytes, stderrBytes } = await all.sandbox.exec(["flood"]);
    expect(exitCode).toBe(3);
    expect(sha256(stdoutBytes)).toBe(sha256(bytes));
    expect(sha256(stderrBytes)).toBe(sha256(bytes));
  });

  test("in the middle of an answer, too", async () => {
    // The head of an answer of 100 bytes to the first call, and of it not one.
    const half = Buffer.from([0, 0, 0, 100, 0, 0, 0, 1, 2, 0]);
    const faults: AgentFault[] = [
      { at: "ReadOutput", nth: 3, does: { kind: "before", data: half } },
      { at: "ReadOutput", nth: 3, does: { kind: "cut" } },
    ];
    await using all = await setUp(faults);
    const { stdoutBytes } = await all.sandbox.exec(["flood"]);
    expect(sha256(stdoutBytes)).toBe(sha256(bytes));
  });

  test("each time is given up", async () => {
    await using all = await setUp([{ at: "ReadOutput", does: { kind: "cut" } }]);
    expect((await refusal(all.sandbox.exec(["flood"]))).code).toBe("SANDBOX_DEAD");
  });

  test("under input that is written ends the command, since nobody knows what arrived", async () => {
    await using all = await setUp([{ at: "WriteStdin", nth: 2, does: { kind: "cut" } }]);
    const error = await refusal(all.sandbox.exec(["cat"], { stdin: [bytes, bytes] }));
    expect(error).toMatchObject({ code: "AGENT_ERROR" });
    const statuses = [...(all.instance.agent("sb").containers.get("c1")?.execs.values() ?? [])];
    expect(statuses.map(({ exitCode }) => exitCode)).toEqual([137]);
  });

  test("because this process lets go is not made anew", async () => {
    await using all = await setUp();
    const handle = all.sandbox.exec(["sleep", "infinity"]);
    await all.sandbox.exec(["true"]);
    await all.sandbox.release();
    expect((await refusal(handle)).code).toBe("SANDBOX_DEAD");
  });
});

describe("another process", () => {
  test("goes on at the offset that was reached", async () => {
    await using all = await setUp();
    const token = await start(all.sandbox, ["flood"]);
    const io = await all.sandbox.ioStream("c1", token, { stdoutOffset: 0 });
    io.stderr.resume();
    io.stderr.on("error", () => {});
    const first: Buffer[] = [];
    for await (const piece of io.stdout) {
      first.push(piece);
      if (Buffer.concat(first).length > 1_500_000) break;
    }
    await all.sandbox.release();
    // The last piece never reached whoever was killed.
    const kept = Buffer.concat(first.slice(0, -1));
    await using other = await all.instance.another().fetchSandbox("sb");
    const rest = await other.ioStream("c1", token, { stdoutOffset: kept.length });
    rest.stderr.resume();
    const more: Buffer[] = await rest.stdout.toArray();
    expect(sha256(Buffer.concat([kept, ...more]))).toBe(sha256(bytes));
    expect(await other.waitProcess("c1", token)).toBe(3);
  });

  test("is told what is gone, and what is no offset", async () => {
    await using all = await setUp();
    const { sandbox } = all;
    const token = await start(sandbox, ["echo", "hello"]);
    const io = await sandbox.ioStream("c1", token, { stdoutOffset: 0 });
    expect(String(await io.stdout.toArray())).toBe("hello\n");
    const again = await sandbox.ioStream("c1", token, { stdoutOffset: 2 });
    again.stdout.resume();
    const [error] = await once(again.stdout, "error");
    expect(error).toMatchObject({ code: "INVALID_ARGUMENT" });
    const wrong = sandbox.ioStream("c1", token, { stdoutOffset: -1 });
    expect(await refusal(wrong)).toMatchObject({ code: "INVALID_ARGUMENT", field: "stdoutOffset" });
  });

  test("is refused by an agent that has no offsets", async () => {
    await using instance = await createTestInstance();
    await using sandbox = await instance.vc.runSandbox({ containers: [waiting] });
    const token = await start(sandbox, ["echo", "hello"]);
    const refused = sandbox.ioStream("c1", token, { stderrOffset: 0 });
    expect((await refusal(refused)).code).toBe("NOT_SUPPORTED");
  });
});
