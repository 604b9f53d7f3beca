import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { createConnection, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { Health, HealthCheckResponse_ServingStatus } from "@virtcontainers/agent-protocol";
import { afterAll, beforeAll, expect, test } from "vitest";
import { TtrpcClient, TtrpcServer } from "../src/index.ts";
import { refusal } from "./support/refusal.ts";

/** Against the ttRPC crate for Rust, which Kata's agent and its client use; see interop/. */
const run = promisify(execFile);
const crate = fileURLToPath(new URL("../interop", import.meta.url));
const binary = join(crate, "target/debug/ttrpc-interop");
const text = (bytes: Uint8Array) => Buffer.from(bytes).toString();
const NOTHING = new Uint8Array(0);

let folder: string;
let peer: ChildProcess;
let client: TtrpcClient;

beforeAll(async () => {
  await run("cargo", ["build", "--quiet", "--locked"], { cwd: crate });
  folder = await mkdtemp(join(tmpdir(), "ttrpc-interop-"));
  peer = spawn(binary, ["serve", join(folder, "rust")], { stdio: ["ignore", "pipe", "inherit"] });
  if (peer.stdout) await once(peer.stdout, "data");
  client = new TtrpcClient(createConnection(join(folder, "rust")));
}, 900_000);

afterAll(async () => {
  client?.close();
  peer?.kill("SIGKILL");
  if (folder) await rm(folder, { recursive: true });
});

test("payloads of every size come back from the Rust server as they were sent", async () => {
  const sizes = [0, 1, 4000, 70_000, 1024 * 1024, 4 * 1024 * 1024 - 100];
  await Promise.all(
    sizes.map(async (size) => {
      const payload = Buffer.alloc(size, `${size}-`);
      expect(payload.equals(await client.call("test.Echo", "Echo", payload))).toBe(true);
    }),
  );
});

test("the Rust server reads metadata and deadline", async () => {
  const options = { metadata: { b: "2", a: "ü" }, timeoutMs: 60_000 };
  const answer = await client.call("test.Echo", "Metadata", NOTHING, options);
  expect(text(answer)).toBe('[("a", ["ü"]), ("b", ["2"])] 60000000000');
});

test("statuses of the Rust server arrive typed", async () => {
  const fail = (service: string, method: string, options = {}) =>
    refusal(client.call(service, method, NOTHING, options));
  expect(await fail("test.Echo", "Fail")).toMatchObject({
    message: "[not_found] no such container",
    remote: true,
  });
  expect(await fail("test.Nothing", "Echo")).toMatchObject({
    code: "invalid_argument",
    remote: true,
  });
  expect(await fail("test.Echo", "Nothing")).toMatchObject({ code: "unimplemented", remote: true });
  expect((await fail("test.Echo", "Sleep", { timeoutMs: 50 })).code).toBe("deadline_exceeded");
});

test("the Rust client gets answers and statuses of our server", async () => {
  const server = new TtrpcServer().register(Health, {
    check: () => ({ status: HealthCheckResponse_ServingStatus.SERVING }),
    version: ({ service }) => ({ agentVersion: service }),
  });
  const listener = createServer((socket) => {
    server.serve(socket);
  });
  await once(listener.listen(join(folder, "node")), "listening");
  const { stdout } = await run(binary, ["call", join(folder, "node")]);
  listener.close();
  expect(stdout.trim().split("\n")).toEqual([
    "Check ok 2",
    "Check INVALID_ARGUMENT the request of grpc.Health/Check cannot be decoded",
    "Nothing UNIMPLEMENTED grpc.Health/Nothing is not supported",
    "Check INVALID_ARGUMENT grpc.Nothing service does not exist",
    `Version ok ${1024 * 1024 + 4}`,
  ]);
});
