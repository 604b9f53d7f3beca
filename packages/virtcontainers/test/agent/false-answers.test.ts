import { randomBytes } from "node:crypto";
import type { StatusCode } from "@virtcontainers/ttrpc";
import { describe, expect, test } from "vitest";
import type { Sandbox } from "../../src/index.ts";
import {
  type AgentFault,
  createTestInstance,
  type TestAgentOptions,
} from "../../src/testing/index.ts";
import { leftovers } from "../support/leftovers.ts";
import { refusal } from "../support/refusal.ts";
import { waiting } from "../support/sandbox.ts";

const megabyte = 1024 * 1024;

/** A ttRPC frame: length, stream id, type, flags, body. */
function frame(length: number, stream: number, type: number, body: Uint8Array = Buffer.alloc(0)) {
  const header = Buffer.alloc(10);
  header.writeUInt32BE(length, 0);
  header.writeUInt32BE(stream, 4);
  header.writeUInt8(type, 8);
  return Buffer.concat([header, body]);
}

function* endless(): Generator<Uint8Array> {
  for (;;) yield Buffer.alloc(megabyte, 0x41);
}

/** Bytes where an answer to a call should come. */
const garbage: Record<string, () => Uint8Array | Iterable<Uint8Array>> = {
  "random bytes": () => randomBytes(4096),
  "a frame of 4 GiB": () => frame(0xffff_ffff, 1, 2),
  "a frame just over the limit": () => frame(4 * megabyte + 1, 1, 2),
  "a frame of an unknown type": () => frame(0, 1, 77),
  "a request of its own": () => frame(0, 2, 1),
  "a body that is no message": () => frame(3, 1, 2, Buffer.from([0xff, 0xff, 0xff])),
  "bytes without end": endless,
};

async function withSandbox(
  agent: TestAgentOptions,
  act: (sandbox: Sandbox) => Promise<void>,
): Promise<void> {
  await using instance = await createTestInstance({ agent });
  await using sandbox = await instance.vc.runSandbox({ id: "sb", containers: [waiting] });
  await act(sandbox);
  await sandbox.delete({ force: true });
  expect(await leftovers(instance.folder)).toEqual([]);
}

describe("instead of an answer", () => {
  test.each(Object.entries(garbage))(
    "%s: the call ends typed, and the next one works",
    async (_what, data) => {
      const faults: AgentFault[] = [
        { at: "ExecProcess", nth: 1, does: { kind: "bytes", data: data() } },
      ];
      await withSandbox({ faults }, async (sandbox) => {
        const error = await refusal(sandbox.exec(["true"], { timeoutMs: 2_000 }));
        expect(["PROTOCOL_VIOLATION", "SANDBOX_DEAD", "TIMEOUT"]).toContain(error.code);
        expect((await sandbox.exec(["echo", "fine"])).stdout).toBe("fine\n");
      });
    },
  );

  test("a cut connection: SANDBOX_DEAD, and the next call connects anew", async () => {
    const faults: AgentFault[] = [{ at: "ExecProcess", nth: 1, does: { kind: "cut" } }];
    await withSandbox({ faults }, async (sandbox) => {
      expect((await refusal(sandbox.exec(["true"]))).code).toBe("SANDBOX_DEAD");
      expect((await sandbox.exec(["echo", "fine"])).stdout).toBe("fine\n");
    });
  });

  test("answers to calls that were never made are passed over", async () => {
    const faults: AgentFault[] = [
      { at: "ExecProcess", does: { kind: "bytes", data: frame(0, 999_999, 2) } },
    ];
    await withSandbox({ faults }, async (sandbox) => {
      const stuck = sandbox.exec(["true"], { timeoutMs: 300 });
      expect((await sandbox.statusContainer("c1")).state).toBe("running");
      expect((await refusal(stuck)).code).toBe("TIMEOUT");
    });
  });
});

describe("instead of an acknowledgement", () => {
  test.each<[string, Uint8Array | (() => Iterable<Uint8Array>), string]>([
    ["stale bytes, then nothing", randomBytes(megabyte), "TIMEOUT"],
    [
      "an acknowledgement of another connection",
      Buffer.concat([Buffer.from("VIRTCACK"), Buffer.alloc(24)]),
      "TIMEOUT",
    ],
    ["bytes without end", endless, "PROTOCOL_VIOLATION"],
  ])("%s: the create fails", async (_what, data, code) => {
    const bytes = typeof data === "function" ? data() : data;
    const faults: AgentFault[] = [{ at: "HELLO", does: { kind: "bytes", data: bytes } }];
    await using instance = await createTestInstance({ agent: { faults } });
    const config = { containers: [waiting] };
    const error = await refusal(instance.vc.createSandbox(config, { timeoutMs: 2_000 }));
    expect(error.code).toBe(code);
    expect(await leftovers(instance.folder)).toEqual([]);
  });

  test("stale bytes before it are passed over", async () => {
    const faults: AgentFault[] = [
      { at: "HELLO", does: { kind: "before", data: randomBytes(megabyte) } },
    ];
    await withSandbox({ faults }, async (sandbox) => {
      expect((await sandbox.exec(["echo", "fine"])).stdout).toBe("fine\n");
    });
  });
});

describe("a false answer", () => {
  test("with more output than was asked for", async () => {
    const readStdout = () => ({ data: Buffer.alloc(2 * megabyte) });
    await withSandbox({ answers: { readStdout } }, async (sandbox) => {
      const error = await refusal(sandbox.exec(["true"]));
      expect(error).toMatchObject({ code: "PROTOCOL_VIOLATION", sandboxId: "sb" });
      expect(error.message).toBe(
        "the guest agent answered ReadStdout with 2097152 bytes where 1048576 were asked for",
      );
    });
  });

  test.each([0, 5, 0xffff_ffff])("that took %d of 4 bytes of input", async (len) => {
    await withSandbox({ answers: { writeStdin: () => ({ len }) } }, async (sandbox) => {
      const { process } = await sandbox.enterContainer("c1", { args: ["cat"], interactive: true });
      const io = await sandbox.ioStream("c1", process.token);
      const failed = new Promise((resolve) => io.stdin.once("error", resolve));
      io.stdin.write("abcd");
      expect(await failed).toMatchObject({ code: "PROTOCOL_VIOLATION" });
      io.stdout.destroy();
      io.stderr.destroy();
    });
  });

  test("with output that never ends is bounded by the caller", async () => {
    const readStdout = () => ({ data: Buffer.alloc(megabyte) });
    await withSandbox({ answers: { readStdout } }, async (sandbox) => {
      const error = await refusal(sandbox.exec(["true"], { maxOutputBytes: 8 * megabyte }));
      expect(error.code).toBe("NO_SPACE");
    });
  });

  test("with terminal escapes in its error is made printable", async () => {
    const message = "\u001b]0;owned\u0007\u001b[2Jgone\u202e";
    const faults: AgentFault[] = [
      { at: "ExecProcess", does: { kind: "error", code: "internal", message } },
    ];
    await withSandbox({ faults }, async (sandbox) => {
      const { message: said } = await refusal(sandbox.exec(["true"]));
      expect(said).toContain("owned");
      expect(said).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u202e]/);
    });
  });

  test("with an error of a megabyte is cut", async () => {
    const faults: AgentFault[] = [
      {
        at: "ExecProcess",
        does: { kind: "error", code: "internal", message: "x".repeat(megabyte) },
      },
    ];
    await withSandbox({ faults }, async (sandbox) => {
      expect((await refusal(sandbox.exec(["true"]))).message.length).toBeLessThan(3000);
    });
  });
});

describe("codes", () => {
  test.each<[StatusCode, string]>([
    ["cancelled", "AGENT_ERROR"],
    ["unknown", "AGENT_ERROR"],
    ["invalid_argument", "INVALID_ARGUMENT"],
    ["deadline_exceeded", "AGENT_ERROR"],
    ["not_found", "PROCESS_NOT_FOUND"],
    ["already_exists", "ALREADY_EXISTS"],
    ["permission_denied", "AGENT_ERROR"],
    ["resource_exhausted", "AGENT_ERROR"],
    ["failed_precondition", "AGENT_ERROR"],
    ["unimplemented", "NOT_SUPPORTED"],
    ["internal", "AGENT_ERROR"],
    ["unavailable", "AGENT_ERROR"],
    ["unauthenticated", "AGENT_ERROR"],
  ])("the agent's %s is %s", async (code, ours) => {
    const faults: AgentFault[] = [{ at: "WaitProcess", does: { kind: "error", code } }];
    await withSandbox({ faults }, async (sandbox) => {
      const error = await refusal(sandbox.waitProcess("c1", "c1"));
      expect(error).toMatchObject({ code: ours, sandboxId: "sb", phase: "agent.WaitProcess" });
    });
  });

  test("a code that nobody knows is an error of the agent", async () => {
    // Response { status: { code: 99, message: "?" } } to the first call of the connection.
    const body = Buffer.from([0x0a, 0x05, 0x08, 99, 0x12, 0x01, 0x3f]);
    const faults: AgentFault[] = [
      { at: "GetGuestDetails", does: { kind: "bytes", data: frame(body.length, 1, 2, body) } },
    ];
    await using instance = await createTestInstance({ agent: { faults } });
    const error = await refusal(instance.vc.createSandbox({ containers: [waiting] }));
    expect(error).toMatchObject({ code: "AGENT_ERROR" });
    expect(error.message).toBe("the guest agent refused GetGuestDetails: ?");
  });
});

describe("an agent without this project's extension", () => {
  test("runs containers and commands", async () => {
    await withSandbox({ features: [] }, async (sandbox) => {
      expect((await sandbox.exec(["echo", "plain"])).stdout).toBe("plain\n");
      expect(await sandbox.statusContainer("c1")).toMatchObject({ state: "running", pid: 0 });
      await sandbox.stopContainer("c1");
      expect(await sandbox.statusContainer("c1")).toMatchObject({
        state: "stopped",
        exitCode: 137,
      });
    });
  });

  test("can't do what needs the extension, and that is said", async () => {
    await withSandbox({ features: [] }, async (sandbox) => {
      const all = await refusal(sandbox.killContainer("c1", "SIGUSR1", true));
      expect(all.code).toBe("NOT_SUPPORTED");
      const output = await refusal(sandbox.setOutput("c1", "c1", "log"));
      expect(output.code).toBe("NOT_SUPPORTED");
    });
  });
});
