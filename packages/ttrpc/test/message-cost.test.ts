import { create, toBinary } from "@bufbuild/protobuf";
import {
  AgentService,
  ListProcessesResponseSchema,
  ProcessTableResponseSchema,
  SetOnlineCpusResponseSchema,
  StatsContainerResponseSchema,
} from "@virtcontainers/agent-protocol";
import { afterEach, describe, expect, test } from "vitest";
import { encodeResponse } from "../src/envelope.ts";
import { createServiceClient, TtrpcClient, TtrpcServer } from "../src/index.ts";
import { checkCost } from "../src/message-cost.ts";
import { RawPeer } from "./support/raw-peer.ts";
import { refusal } from "./support/refusal.ts";
import { socketPair } from "./support/socket-pair.ts";

const clients: TtrpcClient[] = [];
afterEach(() => {
  for (const client of clients.splice(0)) client.close();
});

/** `count` empty messages, or values, of a repeated field. */
const empties = (field: number, count: number) =>
  Buffer.alloc(2 * count, Buffer.from([field * 8 + 2, 0]));

test("an answer of empty messages by the million is not decoded", async () => {
  const [near, far] = await socketPair();
  const client = new TtrpcClient(near);
  clients.push(client);
  const answer = createServiceClient(client, AgentService).statsContainer({});
  new RawPeer(far).send(...encodeResponse(1, empties(2, 2_000_000)));
  const error = await refusal(answer);
  expect(error).toMatchObject({ code: "internal", remote: false });
  expect(error.text).toBe("the answer of grpc.AgentService/StatsContainer cannot be decoded");
  expect(String(error.cause)).toContain("more than 65536 messages");
});

test("a request of empty messages by the million is not decoded, and its handler not called", async () => {
  const [near, far] = await socketPair();
  const client = new TtrpcClient(near);
  clients.push(client);
  let called = 0;
  new TtrpcServer()
    .register(AgentService, {
      createSandbox: () => {
        called++;
        return {};
      },
    })
    .serve(far);
  // Its storages.
  const call = client.call("grpc.AgentService", "CreateSandbox", empties(3, 2_000_000));
  const error = await refusal(call);
  expect(error).toMatchObject({ code: "invalid_argument", remote: true });
  expect(error.text).toBe("the request of grpc.AgentService/CreateSandbox cannot be decoded");
  expect(called).toBe(0);
});

test("an answer of empty details of an error by the million ends the connection", async () => {
  const [near, far] = await socketPair();
  const client = new TtrpcClient(near);
  clients.push(client);
  const answer = createServiceClient(client, AgentService).statsContainer({});
  const status = Buffer.concat([Buffer.from([8, 5]), empties(3, 1_000_000)]);
  const frame = nested([1], status);
  const header = Buffer.alloc(10);
  header.writeUInt32BE(frame.length, 0);
  header.writeUInt32BE(1, 4);
  header.writeUInt8(2, 8);
  new RawPeer(far).send(header, frame);
  expect((await refusal(answer)).text).toContain("the response cannot be decoded");
});

describe("what a message costs", () => {
  test.each([
    ["messages", ListProcessesResponseSchema, empties(1, 65_537)],
    ["strings in messages", ProcessTableResponseSchema, manyStrings()],
    ["packed numbers", SetOnlineCpusResponseSchema, packed(2_100_000)],
    ["entries of a map", StatsContainerResponseSchema, nested([1], empties(5, 65_537))],
    [
      "unknown fields",
      ListProcessesResponseSchema,
      Buffer.alloc(2 * 2_100_000, Buffer.from([0x78, 0])),
    ],
  ])("counts %s", (_what, schema, bytes) => {
    expect(() => checkCost(schema, bytes)).toThrow(RangeError);
  });

  test("lets a message through that is no more than it may be", () => {
    const processes = Array.from({ length: 60_000 }, (_, pid) => ({
      containerId: "c",
      execId: "",
      pid,
    }));
    const bytes = toBinary(
      ListProcessesResponseSchema,
      create(ListProcessesResponseSchema, { processes }),
    );
    expect(() => checkCost(ListProcessesResponseSchema, bytes)).not.toThrow();
    expect(() => checkCost(SetOnlineCpusResponseSchema, packed(1000))).not.toThrow();
  });

  test.each([
    ["a length beyond the end", Buffer.from([10, 5, 0])],
    ["a cut varint", Buffer.from([10, 0x80])],
    ["a field number of 0", Buffer.from([2, 0])],
  ])("refuses %s", (_what, bytes) => {
    expect(() => checkCost(ListProcessesResponseSchema, bytes)).toThrow();
  });
});

/** A message with rows of a table, whose arguments are empty strings. */
function manyStrings(): Buffer {
  return nested([1], empties(14, 2_100_000));
}

function packed(count: number): Buffer {
  return nested([1], Buffer.alloc(count, 1));
}

/** `bytes` as the content of a field of a message in a field of a message... */
function nested(fields: readonly number[], bytes: Buffer): Buffer {
  return fields.reduceRight((inner, field) => {
    const length: number[] = [];
    for (let rest = inner.length; ; rest >>>= 7) {
      length.push(rest > 0x7f ? (rest & 0x7f) | 0x80 : rest);
      if (rest <= 0x7f) break;
    }
    return Buffer.concat([Buffer.from([field * 8 + 2, ...length]), inner]);
  }, bytes);
}
