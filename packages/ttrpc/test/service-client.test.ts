import { AgentService } from "@virtcontainers/agent-protocol";
import { afterEach, expect, test } from "vitest";
import { decodeRequest, encodeResponse } from "../src/envelope.ts";
import { createServiceClient, TtrpcClient } from "../src/index.ts";
import { hex } from "./support/bytes.ts";
import { RawPeer } from "./support/raw-peer.ts";
import { refusal } from "./support/refusal.ts";
import { socketPair } from "./support/socket-pair.ts";

const clients: TtrpcClient[] = [];
afterEach(() => {
  for (const client of clients.splice(0)) client.close();
});

async function connect() {
  const [near, far] = await socketPair();
  const client = new TtrpcClient(near);
  clients.push(client);
  return { agent: createServiceClient(client, AgentService), peer: new RawPeer(far) };
}

test("a method has the name of the .proto on the wire, and its message as payload", async () => {
  const { agent, peer } = await connect();
  const answer = agent.waitProcess({ containerId: "c", execId: "e" });
  const request = decodeRequest((await peer.next()).body);
  expect(request).toMatchObject({ service: "grpc.AgentService", method: "WaitProcess" });
  expect(Buffer.from(request.payload).toString("hex")).toBe("0a0163120165");
  peer.send(...encodeResponse(1, hex("0807")));
  expect((await answer).status).toBe(7);
});

test("every method of the service is there", async () => {
  const { agent } = await connect();
  expect(Object.keys(agent).sort()).toEqual(Object.keys(AgentService.method).sort());
});

test("an answer that cannot be decoded fails its call alone", async () => {
  const { agent, peer } = await connect();
  const [bad, good] = [agent.readStdout({}), agent.readStdout({})];
  peer.send(...encodeResponse(1, hex("0a7f")), ...encodeResponse(3, hex("0a0101")));
  const error = await refusal(bad);
  expect(error).toMatchObject({ code: "internal", remote: false });
  expect(error.text).toBe("the answer of grpc.AgentService/ReadStdout cannot be decoded");
  expect([...(await good).data]).toEqual([1]);
});

test("fields that the message does not know are not kept", async () => {
  const { agent, peer } = await connect();
  const answer = agent.readStdout({});
  peer.send(...encodeResponse(1, hex("0a0101 fa01 03 616263")));
  expect((await answer).$unknown).toBeUndefined();
});

test("a request that cannot be encoded is an invalid argument and is not sent", async () => {
  const { agent, peer } = await connect();
  const error = await refusal(agent.signalProcess({ containerId: "c", signal: -1 }));
  expect(error).toMatchObject({ code: "invalid_argument", remote: false });
  expect(error.text).toContain("grpc.AgentService/SignalProcess");
  const next = refusal(agent.getMetrics({}, { signal: AbortSignal.timeout(60_000) }));
  expect(decodeRequest((await peer.next()).body).method).toBe("GetMetrics");
  peer.stream.end();
  await next;
});
