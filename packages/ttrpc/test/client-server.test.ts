import {
  AgentService,
  Health,
  HealthCheckResponse_ServingStatus as Status,
} from "@virtcontainers/agent-protocol";
import { afterEach, expect, test } from "vitest";
import { createServiceClient, TtrpcClient, TtrpcError, TtrpcServer } from "../src/index.ts";
import { randomBytes, randomInt, seededRandom } from "./support/random.ts";
import { refusal } from "./support/refusal.ts";
import { socketPair } from "./support/socket-pair.ts";

const open: { close(): void }[] = [];
afterEach(() => {
  for (const end of open.splice(0)) end.close();
});

async function connect(server: TtrpcServer) {
  const [near, far] = await socketPair();
  const client = new TtrpcClient(near);
  open.push(client, server.serve(far));
  return client;
}

test("a typed call reaches its handler and the answer comes back", async () => {
  const server = new TtrpcServer().register(Health, {
    check: ({ service }) => ({
      status: service === "grpc.AgentService" ? Status.SERVING : Status.NOT_SERVING,
    }),
  });
  const health = createServiceClient(await connect(server), Health);
  expect((await health.check({ service: "grpc.AgentService" })).status).toBe(Status.SERVING);
  expect((await health.check({})).status).toBe(Status.NOT_SERVING);
});

test("nested messages, maps and 64-bit numbers survive both ways", async () => {
  const server = new TtrpcServer().register(AgentService, {
    createContainer: ({ containerId, OCI, storages }) => {
      const summary = [containerId, OCI?.Process?.Args, OCI?.Annotations, storages[0]?.options];
      throw new TtrpcError("aborted", JSON.stringify(summary));
    },
    statsContainer: () => ({
      cgroupStats: { memoryStats: { stats: { cache: 2n ** 63n } } },
      networkStats: [{ name: "eth0", rxBytes: 5n }],
    }),
  });
  const agent = createServiceClient(await connect(server), AgentService);
  const error = await refusal(
    agent.createContainer({
      containerId: "c1",
      OCI: { Process: { Args: ["sh", "-c", "echo ü"] }, Annotations: { a: "b" } },
      storages: [{ driver: "blk", options: ["ro"] }],
    }),
  );
  expect(JSON.parse(error.text)).toEqual(["c1", ["sh", "-c", "echo ü"], { a: "b" }, ["ro"]]);
  const stats = await agent.statsContainer({ containerId: "c1" });
  expect(stats.cgroupStats?.memoryStats?.stats.cache).toBe(2n ** 63n);
  expect(stats.networkStats.map(({ name, rxBytes }) => [name, rxBytes])).toEqual([["eth0", 5n]]);
});

test("a hundred calls at once with payloads of all sizes", async () => {
  const server = new TtrpcServer().register(AgentService, {
    writeStdin: ({ data }) => ({ len: data.length }),
    copyFile: () => ({}),
    setIPTables: async ({ data }, { signal }) => {
      expect(signal.aborted).toBe(false);
      return { data };
    },
  });
  const agent = createServiceClient(await connect(server), AgentService);
  const random = seededRandom(1);
  await Promise.all(
    Array.from({ length: 100 }, async (_, index) => {
      const data = randomBytes(random, index % 10 === 0 ? 700_000 : randomInt(random, 5000));
      const [echo, { len }] = await Promise.all([
        agent.setIPTables({ data }, { timeoutMs: 60_000 }),
        agent.writeStdin({ data }),
      ]);
      expect(len).toBe(data.length);
      expect(Buffer.from(data).equals(echo.data)).toBe(true);
    }),
  );
});

test("an error's code, text and details cross the wire", async () => {
  const details = [{ typeUrl: "t/x", value: Uint8Array.of(1, 2) }];
  const server = new TtrpcServer().register(AgentService, {
    startContainer: () => {
      throw new TtrpcError("failed_precondition", "no sandbox", { details });
    },
  });
  const agent = createServiceClient(await connect(server), AgentService);
  const error = await refusal(agent.startContainer({ containerId: "c" }));
  expect(error).toMatchObject({ code: "failed_precondition", text: "no sandbox", remote: true });
  expect(error.details.map(({ typeUrl, value }) => [typeUrl, [...value]])).toEqual([
    ["t/x", [1, 2]],
  ]);
});

test("a request that cannot be encoded is an invalid argument of the caller", async () => {
  const agent = createServiceClient(await connect(new TtrpcServer()), AgentService);
  const error = await refusal(agent.signalProcess({ containerId: "c", signal: -1 }));
  expect(error).toMatchObject({ code: "invalid_argument", remote: false });
  expect(error.text).toContain("grpc.AgentService/SignalProcess");
});
