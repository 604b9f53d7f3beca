import { describe, expect, test } from "vitest";
import { configFromOptions } from "../../src/api/short-form.ts";
import { SandboxConfigSchema } from "../../src/config/sandbox.ts";
import { parse } from "../../src/validate.ts";
import { thrown } from "../support/refusal.ts";

const good = { id: "sb-1", containers: [{ id: "c1", image: "busybox" }] };

const refused = (config: unknown) => thrown(() => parse(SandboxConfigSchema, config));

test("a small configuration is taken as it is", () => {
  expect(parse(SandboxConfigSchema, good)).toEqual(good);
});

describe("ids", () => {
  const wrong = [
    "a/b",
    "..",
    ".a",
    "a",
    "-ab",
    "_ab",
    "a b",
    "a\u0000b",
    "é1",
    "x".repeat(65),
    "x".repeat(300),
    "",
  ];
  test.each(wrong)("%j is refused", (id) => {
    expect(refused({ ...good, id })).toMatchObject({ code: "INVALID_ARGUMENT", field: "id" });
  });
  test.each(["ab", "A.b_c-1", "0a", "x".repeat(64)])("%j is taken", (id) => {
    expect(parse(SandboxConfigSchema, { ...good, id }).id).toBe(id);
  });
});

test.each([
  ["an unknown field", { ...good, memory: 1 }, "memory", "not a known field"],
  [
    "a field in the wrong place",
    { ...good, hypervisorConfig: { memory: 1 } },
    "hypervisorConfig.memory",
    "not a known field",
  ],
  [
    "memory of 0",
    { ...good, hypervisorConfig: { memoryMiB: 0 } },
    "hypervisorConfig.memoryMiB",
    "from 64 to",
  ],
  [
    "memory of -1",
    { ...good, hypervisorConfig: { memoryMiB: -1 } },
    "hypervisorConfig.memoryMiB",
    "from 64 to",
  ],
  [
    "memory as text",
    { ...good, hypervisorConfig: { memoryMiB: "abc" } },
    "hypervisorConfig.memoryMiB",
    '"abc"',
  ],
  [
    "memory of 10 TiB",
    { ...good, hypervisorConfig: { memoryMiB: 10 * 1024 ** 2 } },
    "hypervisorConfig.memoryMiB",
    "4194304",
  ],
  [
    "two containers of one id",
    { containers: [good.containers[0], good.containers[0]] },
    undefined,
    "must differ",
  ],
  [
    "neither image nor rootFs",
    { containers: [{ id: "c1" }] },
    "containers.0",
    "either image or rootFs",
  ],
  [
    "a relative path",
    { ...good, hypervisorConfig: { kernelPath: "vmlinux" } },
    "hypervisorConfig.kernelPath",
    "absolute",
  ],
  [
    "a path with ..",
    { ...good, hypervisorConfig: { kernelPath: "/a/../b" } },
    "hypervisorConfig.kernelPath",
    "..",
  ],
  ["exitWith without such a container", { ...good, exitWith: "c2" }, undefined, "exitWith"],
  [
    "NUL in an argument",
    { containers: [{ id: "c1", image: "b", cmd: { args: ["a\u0000"] } }] },
    "containers.0.cmd.args.0",
    "NUL",
  ],
])("%s is refused by name", (_what, config, field, says) => {
  const error = refused(config);
  expect(error.code).toBe("INVALID_ARGUMENT");
  if (field !== undefined) expect(error.field).toBe(field);
  expect(error.message).toContain(says);
});

test.each([
  ["proxyConfig", { ...good, proxyConfig: {} }],
  ["hypervisorConfig.vmId", { ...good, hypervisorConfig: { vmId: "x" } }],
  ["containers.0.deviceInfos", { containers: [{ id: "c1", image: "b", deviceInfos: [] }] }],
])("%s, which later work will honour, is refused and not ignored", (field, config) => {
  expect(refused(config)).toMatchObject({ code: "NOT_SUPPORTED", field });
});

test.each<[string, object]>([
  ["ports", { ports: [{ hostPort: 80, containerPort: 80 }] }],
  [
    "ports",
    { networkConfig: { netNSPath: "/n" }, network: {}, ports: [{ hostPort: 1, containerPort: 1 }] },
  ],
  ["network", { networkConfig: { netNSPath: "/n" }, network: { networks: [{ name: "a" }] } }],
  ["network", { networkConfig: { disableNewNetNs: true }, network: {} }],
])("%s that can't be are refused: %j", (field, config) => {
  expect(refused(config)).toMatchObject({ code: "INVALID_ARGUMENT", field });
});

describe("the short form", () => {
  test("without options: one busybox container that waits", () => {
    expect(configFromOptions({}, "none")).toEqual({
      hypervisorConfig: {},
      containers: [{ id: "main", image: "busybox", waits: true, cmd: { args: [], envs: [] } }],
    });
  });
  test("refuses an unknown option by name", () => {
    expect(() => configFromOptions({ memory: 512 } as object, "none")).toThrow(
      expect.objectContaining({ code: "INVALID_ARGUMENT", field: "options.memory" }),
    );
  });
});
