import { describe, expect, test } from "vitest";
import type { EventType, Lifetime, Sandbox, VirtEvent } from "../../src/index.ts";
import { createTestInstance, type TestInstance } from "../../src/testing/index.ts";
import { refusal } from "../support/refusal.ts";
import { killVm, waiting } from "../support/sandbox.ts";

const short = 1000;
const long = 3_600_000;

const make = (instance: TestInstance, lifetime?: Lifetime): Promise<Sandbox> =>
  instance.vc.runSandbox({ id: "sb", containers: [waiting], ...(lifetime && { lifetime }) });

/** The first event of a type from now on. */
async function next(instance: TestInstance, type: EventType): Promise<VirtEvent | undefined> {
  for await (const event of instance.vc.events({ types: [type], since: new Date(0) })) return event;
  return undefined;
}

/** What is held for a moment, as by who hears its events, is passed over. */
async function collectIt({ vc }: TestInstance): Promise<void> {
  for (;;) if ((await vc.collectGarbage()).some(({ name }) => name === "sb")) return;
}

describe("a sandbox whose time is over", () => {
  test("is stopped by its own VM, and its events say why", async () => {
    await using instance = await createTestInstance();
    await using sandbox = await make(instance, { timeoutMs: short });
    const { endsAt, lifetime } = await sandbox.status();
    expect(lifetime).toEqual({ timeoutMs: short });
    expect(Date.parse(endsAt ?? "")).toBeGreaterThan(Date.parse("2020-01-01"));
    expect(await next(instance, "stopped")).toMatchObject({ reason: "its time was over" });
    expect(await sandbox.status()).toMatchObject({ state: "stopped", endsAt: undefined });
    expect(await instance.vc.listSandbox()).toHaveLength(1);
  });

  test.each<[string, (instance: TestInstance) => Promise<unknown>]>([
    ["a list", (instance) => instance.vc.listSandbox()],
    ["a fetch", (instance) => refusal(instance.vc.fetchSandbox("sb"), "SANDBOX_NOT_FOUND")],
    ["a connect", (instance) => refusal(instance.vc.connectSandbox("sb"), "SANDBOX_NOT_FOUND")],
    ["gc", collectIt],
  ])("and that was to be deleted then is deleted by %s", async (_, look) => {
    await using instance = await createTestInstance();
    const lifetime = { timeoutMs: short, onTimeout: "delete" } as const;
    await using _sandbox = await make(instance, lifetime);
    expect(await next(instance, "stopped")).toMatchObject({ reason: "its time was over" });
    await look(instance);
    expect(await next(instance, "deleted")).toMatchObject({ reason: "its time was over" });
    expect(await instance.vc.listSandbox()).toEqual([]);
  });

  test("is deleted for no other end of its VM", async () => {
    await using instance = await createTestInstance();
    await using sandbox = await make(instance, { timeoutMs: long, onTimeout: "delete" });
    await killVm(instance, "sb");
    expect(await instance.vc.listSandbox()).toMatchObject([{ id: "sb", state: "stopped" }]);
    await sandbox.start();
    await sandbox.stop();
    expect(await instance.vc.listSandbox()).toMatchObject([{ id: "sb", state: "stopped" }]);
  });
});

test("a sandbox that nobody uses for its idle time ends; a look is no use", async () => {
  await using instance = await createTestInstance();
  await using sandbox = await make(instance, { idleTimeoutMs: short });
  const looking = new AbortController();
  const looks = (async () => {
    while (!looking.signal.aborted) await instance.vc.listSandbox();
  })();
  await sandbox.exec(["true"]);
  expect(await next(instance, "stopped")).toMatchObject({
    reason: "nobody has used it for its idle time",
  });
  looking.abort();
  await looks;
});

test("setTimeout says anew when a sandbox ends, also of one that had no end, and takes it back", async () => {
  await using instance = await createTestInstance();
  await using sandbox = await make(instance, { idleTimeoutMs: long });
  expect((await sandbox.status()).endsAt).toBeUndefined();
  await sandbox.setTimeout(long);
  expect((await sandbox.status()).endsAt).toBeDefined();
  await instance.vc.setTimeout("sb", undefined);
  expect((await sandbox.status()).endsAt).toBeUndefined();
  const told = { idleTimeoutMs: BigInt(long) };
  expect(instance.agent("sb").requests("SetLifetime")).toMatchObject([
    { timeoutMs: BigInt(long), ...told },
    { timeoutMs: 0n, ...told },
  ]);
  await sandbox.setTimeout(short);
  expect(await next(instance, "stopped")).toMatchObject({ reason: "its time was over" });
});

test("the time of a sandbox stands still while it is paused, and begins anew with each start", async () => {
  await using instance = await createTestInstance();
  await using sandbox = await make(instance, { timeoutMs: long });
  const before = (await sandbox.status()).endsAt ?? "";
  await sandbox.pause();
  const paused = (await sandbox.status()).endsAt ?? "";
  await sandbox.resume();
  const after = (await sandbox.status()).endsAt ?? "";
  expect([before, paused, after]).toEqual([before, paused, after].sort());
  await sandbox.stop();
  expect((await sandbox.status()).endsAt).toBeUndefined();
  await sandbox.start();
  expect(Date.parse((await sandbox.status()).endsAt ?? "")).toBeGreaterThan(Date.parse(before));
});

test.each<[object, string, string]>([
  [{ timeoutMs: 999 }, "INVALID_ARGUMENT", "lifetime.timeoutMs"],
  [{ idleTimeoutMs: 1.5 }, "INVALID_ARGUMENT", "lifetime.idleTimeoutMs"],
  [{ onTimeout: "kill" }, "INVALID_ARGUMENT", "lifetime.onTimeout"],
  [{ onTimeout: "suspend" }, "NOT_SUPPORTED", "lifetime.onTimeout"],
  [{ seconds: 5 }, "INVALID_ARGUMENT", "lifetime.seconds"],
])("a lifetime of %j is refused", async (lifetime, code, field) => {
  await using instance = await createTestInstance();
  expect(await refusal(make(instance, lifetime))).toMatchObject({ code, field });
});

test("an agent that can't end its machine is refused, and nothing is left", async () => {
  await using instance = await createTestInstance({ agent: { features: ["virtcontainers"] } });
  expect(await refusal(make(instance, { timeoutMs: long }))).toMatchObject({
    code: "NOT_SUPPORTED",
    field: "lifetime",
  });
  expect(await instance.vc.listSandbox()).toEqual([]);
  await using sandbox = await make(instance);
  expect(await refusal(sandbox.setTimeout(long))).toMatchObject({ code: "NOT_SUPPORTED" });
});
