import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { expect, test } from "vitest";
import {
  AgentService,
  CreateContainerRequestSchema,
  Extension,
  Health,
  HealthCheckResponse_ServingStatus,
  HealthCheckResponseSchema,
  MemAgentMemcgConfigSchema,
  OutputSink,
  ReseedRandomDevRequestSchema,
} from "../src/index.ts";

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");

test("the services go by the names of the contract", () => {
  expect([AgentService.typeName, Health.typeName]).toEqual(["grpc.AgentService", "grpc.Health"]);
  expect(Extension.typeName).toBe("virtcontainers.Extension");
  expect(AgentService.methods).toHaveLength(42);
  expect(AgentService.method.addARPNeighbors.name).toBe("AddARPNeighbors");
  expect(AgentService.method.getOOMEvent.output.typeName).toBe("grpc.OOMEvent");
});

test("a container's request, byte by byte", () => {
  const request = create(CreateContainerRequestSchema, {
    containerId: "c",
    OCI: { Process: { Args: ["sh"], Terminal: true }, Annotations: { a: "b" } },
    stdoutPort: 0xffffffff,
  });
  const process = "1206 0801 2202 7368";
  const annotations = "3a06 0a0161 120162";
  const expected = `0a0163 3210 ${process} ${annotations} 50ffffffff0f`;
  expect(hex(toBinary(CreateContainerRequestSchema, request))).toBe(expected.replaceAll(" ", ""));
});

test("entropy is field 2, and optional numbers tell zero from absent", () => {
  const entropy = create(ReseedRandomDevRequestSchema, { data: Uint8Array.of(9) });
  expect(hex(toBinary(ReseedRandomDevRequestSchema, entropy))).toBe("120109");
  const config = create(MemAgentMemcgConfigSchema, { swappinessMax: 0 });
  expect(hex(toBinary(MemAgentMemcgConfigSchema, config))).toBe("1800");
});

test("enumerations have the numbers of the contract", () => {
  const answer = fromBinary(HealthCheckResponseSchema, Uint8Array.of(8, 1));
  expect(answer.status).toBe(HealthCheckResponse_ServingStatus.SERVING);
  expect([OutputSink.CLIENT, OutputSink.LOG, OutputSink.DISCARD]).toEqual([0, 1, 2]);
});
