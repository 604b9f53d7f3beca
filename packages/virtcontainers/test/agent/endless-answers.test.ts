import { setImmediate } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import type { Sandbox } from "../../src/index.ts";
import {
  type AgentFault,
  createTestInstance,
  type TestAgentOptions,
  type TestInstance,
} from "../../src/testing/index.ts";
import { leftovers } from "../support/leftovers.ts";
import { refusal } from "../support/refusal.ts";
import { waiting } from "../support/sandbox.ts";

const mebibyte = 1024 * 1024;

async function withSandbox(
  agent: TestAgentOptions,
  act: (sandbox: Sandbox, instance: TestInstance) => Promise<void>,
): Promise<void> {
  await using instance = await createTestInstance({ agent });
  await using sandbox = await instance.vc.runSandbox({ id: "sb", containers: [waiting] });
  await act(sandbox, instance);
  await sandbox.delete({ force: true });
  expect(await leftovers(instance.folder)).toEqual([]);
}

/** A frame of 4 MiB of which one byte comes at a time, and never the last. */
async function* drip(): AsyncGenerator<Uint8Array> {
  yield Buffer.from([0, 0x40, 0, 0]);
  yield Buffer.from([0, 0, 0, 1, 2, 0]);
  for (;;) {
    yield Buffer.from([0x41]);
    await setImmediate();
  }
}

describe("an answer that drips", () => {
  test("ends its call by the deadline, and who connects anew is served", async () => {
    const faults: AgentFault[] = [
      { at: "ExecProcess", nth: 1, does: { kind: "bytes", data: drip() } },
    ];
    await withSandbox({ faults }, async (sandbox, instance) => {
      const error = await refusal(sandbox.exec(["true"], { timeoutMs: 300 }));
      expect(error.code).toBe("TIMEOUT");
      await sandbox.release();
      await using other = await instance.another().fetchSandbox("sb");
      expect((await other.exec(["echo", "fine"])).stdout).toBe("fine\n");
    });
  });

  test("ends a create by its deadline, and nothing is left", async () => {
    const faults: AgentFault[] = [{ at: "CreateSandbox", does: { kind: "bytes", data: drip() } }];
    await using instance = await createTestInstance({ agent: { faults } });
    const config = { containers: [waiting] };
    const error = await refusal(instance.vc.createSandbox(config, { timeoutMs: 1_000 }));
    // Other answers may come in the middle of it.
    expect(["TIMEOUT", "PROTOCOL_VIOLATION"]).toContain(error.code);
    expect(await leftovers(instance.folder)).toEqual([]);
  });
});

describe("output without end", () => {
  test("that nobody reads is not asked for", async () => {
    let asked = 0;
    const readStdout = () => {
      asked++;
      return { data: Buffer.alloc(mebibyte, 0x41) };
    };
    await withSandbox({ answers: { readStdout } }, async (sandbox) => {
      const { process } = await sandbox.enterContainer("c1", { args: ["sleep", "infinity"] });
      const io = await sandbox.ioStream("c1", process.token);
      // Somebody looks at it once, and never again.
      await new Promise((resolve) => io.stdout.once("readable", resolve));
      for (let call = 0; call < 50; call++) await sandbox.status();
      expect(asked).toBeLessThan(8);
      io.stdout.destroy();
      io.stderr.destroy();
    });
  });

  test("that is read costs no more memory the longer it is", async () => {
    const chunk = Buffer.alloc(mebibyte, 0x41);
    const total = 10_000;
    let asked = 0;
    const readStdout = () => (++asked > total ? { data: Buffer.alloc(0) } : { data: chunk });
    await withSandbox({ answers: { readStdout } }, async (sandbox) => {
      const { process: entered } = await sandbox.enterContainer("c1", { args: ["true"] });
      const io = await sandbox.ioStream("c1", entered.token);
      io.stderr.resume();
      let bytes = 0;
      let before = 0;
      for await (const piece of io.stdout) {
        bytes += piece.length;
        if (before === 0 && bytes > 200 * mebibyte) before = process.memoryUsage().rss;
        if (bytes >= total * mebibyte) break;
      }
      expect(process.memoryUsage().rss - before).toBeLessThan(300 * mebibyte);
    });
  }, 180_000);
});

describe("processes that are none of the sandbox's", () => {
  test("are not found by a command's id that was made up", async () => {
    await withSandbox({}, async (sandbox) => {
      for (const id of ["ghost", "../c1", "--all", "c1\n"]) {
        const error = await refusal(sandbox.waitProcess("c1", id));
        expect(["INVALID_ARGUMENT", "PROCESS_NOT_FOUND"]).toContain(error.code);
      }
    });
  });
});

describe("a process that ends twice", () => {
  test("has the first code that was told", async () => {
    let waits = 0;
    const waitProcess = () => ({ status: waits++ === 0 ? 3 : 4 });
    await withSandbox({ answers: { waitProcess } }, async (sandbox) => {
      expect((await sandbox.exec(["true"])).exitCode).toBe(3);
    });
  });

  test.each([2 ** 31 - 1, -1, -(2 ** 31), 256])(
    "or with the code %d is no crash",
    async (status) => {
      await withSandbox({ answers: { waitProcess: () => ({ status }) } }, async (sandbox) => {
        const outcome = await Promise.resolve(sandbox.exec(["true"])).then(
          ({ exitCode }) => exitCode,
          (error: { code: string }) => error.code,
        );
        expect([status, "PROTOCOL_VIOLATION"]).toContain(outcome);
      });
    },
  );
});
