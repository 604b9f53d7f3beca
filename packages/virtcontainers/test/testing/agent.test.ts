import { duplexPair } from "node:stream";
import {
  AckScanner,
  AgentService,
  Extension,
  encodeHello,
  Health,
  OutputSink,
} from "@virtcontainers/agent-protocol";
import { createServiceClient, TtrpcClient } from "@virtcontainers/ttrpc";
import { expect, test } from "vitest";
import { createTestAgent, type TestAgentOptions } from "../../src/testing/index.ts";

/** A client as another program would write one, without a handshake. */
function connect(options: TestAgentOptions = {}) {
  const agent = createTestAgent({ handshake: false, ...options });
  const [host, guest] = duplexPair();
  agent.serve(guest);
  const client = new TtrpcClient(host);
  const calls = createServiceClient(client, AgentService);
  const start = async (id: string, args: string[], more: { stdoutPort?: number } = {}) => {
    await calls.createContainer({ containerId: id, OCI: { Process: { Args: args } }, ...more });
    await calls.startContainer({ containerId: id });
  };
  const extension = createServiceClient(client, Extension);
  return { agent, client, calls, start, extension, health: createServiceClient(client, Health) };
}

const refused = (code: string, text: string) =>
  expect.objectContaining({ code, text: expect.stringContaining(text) });

test("says what it is", async () => {
  const { calls, health } = connect();
  expect((await health.check({})).status).toBe(1);
  const { agentDetails } = await calls.getGuestDetails({});
  expect(agentDetails?.extraFeatures).toEqual([
    "virtcontainers",
    "processes",
    "copy",
    "parts",
    "paths",
    "watch",
    "remove",
    "console",
    "cancel-exec",
    "lifetime",
    "health",
  ]);
});

test("needs CreateSandbox first, and takes it once", async () => {
  const { calls, start, agent } = connect();
  await expect(start("c1", ["true"])).rejects.toEqual(
    refused("failed_precondition", "CreateSandbox comes first"),
  );
  await calls.createSandbox({ hostname: "box" });
  expect(agent.hostname).toBe("box");
  await expect(calls.createSandbox({})).rejects.toEqual(refused("already_exists", "already"));
  expect(agent.calls("CreateSandbox")).toBe(2);
});

test("answers unknown containers and processes with the codes of the contract", async () => {
  const { calls, start } = connect();
  await calls.createSandbox({});
  const containerId = "nobody";
  const internal = refused("internal", "Invalid container id nobody");
  const invalid = refused("invalid_argument", "Invalid container id nobody");
  await expect(calls.startContainer({ containerId })).rejects.toEqual(internal);
  await expect(calls.removeContainer({ containerId })).rejects.toEqual(internal);
  await expect(calls.execProcess({ containerId, execId: "e1" })).rejects.toEqual(internal);
  await expect(calls.writeStdin({ containerId })).rejects.toEqual(internal);
  await expect(calls.signalProcess({ containerId, signal: 9 })).rejects.toEqual(internal);
  await expect(calls.signalProcess({ containerId, signal: 15 })).rejects.toEqual(invalid);
  await expect(calls.waitProcess({ containerId })).rejects.toEqual(invalid);
  await expect(calls.readStdout({ containerId, len: 1 })).rejects.toEqual(invalid);
  await expect(calls.closeStdin({ containerId })).rejects.toEqual(invalid);
  await expect(calls.ttyWinResize({ containerId })).rejects.toEqual(invalid);
  await start("c1", ["sleep", "infinity"]);
  await expect(calls.waitProcess({ containerId: "c1", execId: "e1" })).rejects.toEqual(
    refused("not_found", "no process with exec id e1"),
  );
  await expect(calls.ttyWinResize({ containerId: "c1" })).rejects.toEqual(
    refused("unavailable", "no tty"),
  );
  await expect(calls.memAgentMemcgSet({})).rejects.toEqual(
    refused("unimplemented", "MemAgentMemcgSet"),
  );
});

test("refuses what is there or can't be, and harms nothing", async () => {
  const { calls, start, agent } = connect({ commands: { doc: "not-executable" } });
  await calls.createSandbox({});
  await start("c1", ["sleep", "infinity"]);
  await expect(start("c1", ["true"])).rejects.toEqual(refused("already_exists", "c1"));
  await expect(start("../x", ["true"])).rejects.toEqual(
    refused("internal", "invalid container ID"),
  );
  await expect(start("c2", ["nope"])).rejects.toEqual(
    refused("not_found", 'exec: "nope": not found in PATH'),
  );
  await expect(start("c2", ["doc"])).rejects.toEqual(refused("permission_denied", "doc"));
  await expect(start("c2", ["true"], { stdoutPort: 7 })).rejects.toEqual(
    refused("invalid_argument", "stdout_port: 7"),
  );
  await expect(calls.startContainer({ containerId: "c1" })).rejects.toEqual(
    refused("failed_precondition", "running already"),
  );
  expect([...agent.containers.keys()]).toEqual(["c1"]);
});

test("a pipe that nobody reads stops its writer, and nobody else", async () => {
  let written = 0;
  const { calls, start } = connect({
    commands: {
      flood: async ({ stdout }) => {
        for (;;) {
          await stdout.write(Buffer.alloc(1024 * 1024));
          written++;
        }
      },
    },
  });
  await calls.createSandbox({});
  await start("c1", ["flood"]);
  await start("c2", ["echo", "hi"]);
  expect(`${Buffer.from((await calls.readStdout({ containerId: "c2", len: 10 })).data)}`).toBe(
    "hi\n",
  );
  expect(written).toBe(1);
  expect((await calls.readStdout({ containerId: "c1", len: 5_000_000 })).data.length).toBe(
    2 * 1024 * 1024,
  );
});

test("an exec is forgotten once it was waited for and read; a first process stays", async () => {
  const { calls, start, extension } = connect();
  await calls.createSandbox({});
  await start("c1", ["sleep", "infinity"]);
  const ids = { containerId: "c1", execId: "e1" };
  await calls.execProcess({ ...ids, process: { Args: ["echo", "a"] } });
  expect((await calls.waitProcess(ids)).status).toBe(0);
  expect((await calls.readStdout({ ...ids, len: 9 })).data).toHaveLength(2);
  expect((await calls.readStdout({ ...ids, len: 9 })).data).toHaveLength(0);
  expect((await extension.listProcesses({})).processes).toHaveLength(2);
  expect((await calls.readStderr({ ...ids, len: 9 })).data).toHaveLength(0);
  const { processes } = await extension.listProcesses({ containerId: "c1" });
  expect(processes).toMatchObject([{ execId: "", exited: false, sink: OutputSink.CLIENT }]);
});

test("destroying the sandbox ends its processes and then the machine", async () => {
  const agent = createTestAgent({ handshake: false });
  const [host, guest] = duplexPair();
  const off = new Promise<void>((resolve) => {
    agent.serve(guest, { writeLog: () => {}, powerOff: resolve });
  });
  const calls = createServiceClient(new TtrpcClient(host), AgentService);
  await calls.createSandbox({});
  await calls.createContainer({ containerId: "c1", OCI: { Process: { Args: ["cat"] } } });
  await calls.startContainer({ containerId: "c1" });
  const waited = calls.waitProcess({ containerId: "c1" });
  await calls.destroySandbox({});
  expect((await waited).status).toBe(137);
  await off;
});

test("a connection begins with HELLO and ACK; a stranger gets no answer", async () => {
  const agent = createTestAgent();
  const token = Buffer.alloc(16, 1);
  const nonce = Buffer.alloc(16, 2);
  const knock = (hello: Uint8Array) => {
    const [host, guest] = duplexPair();
    agent.serve(guest);
    host.write(hello);
    return host;
  };
  const host = knock(encodeHello(token, nonce));
  const scanner = new AckScanner(nonce);
  const rest = await new Promise<Uint8Array | undefined>((resolve) => {
    host.once("data", (bytes: Uint8Array) => resolve(scanner.push(bytes)));
  });
  expect(rest).toHaveLength(0);
  host.pause();
  const health = createServiceClient(new TtrpcClient(host), Health);
  expect((await health.check({})).status).toBe(1);

  const stranger = knock(encodeHello(Buffer.alloc(16, 9), nonce));
  let answered = false;
  stranger.on("data", () => {
    answered = true;
  });
  // By the time that a friend was let in after it, the stranger would have been too.
  const friend = knock(encodeHello(token, nonce));
  await new Promise((resolve) => friend.once("data", resolve));
  friend.pause();
  await createServiceClient(new TtrpcClient(friend), Health).check({});
  expect([answered, agent.connections]).toEqual([false, 2]);
});

test("faults strike the call that was chosen", async () => {
  const { calls } = connect({
    faults: [
      { at: "CreateSandbox", nth: 2, does: { kind: "error", code: "data_loss", message: "oh" } },
      { at: "ReseedRandomDev", does: { kind: "cut" } },
    ],
  });
  await calls.createSandbox({});
  await expect(calls.createSandbox({})).rejects.toEqual(refused("data_loss", "oh"));
  await expect(calls.createSandbox({})).rejects.toEqual(refused("already_exists", ""));
  await expect(calls.reseedRandomDev({})).rejects.toEqual(refused("unavailable", "closed"));
});
