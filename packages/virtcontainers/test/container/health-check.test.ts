import { describe, expect, test } from "vitest";
import type { ContainerHealth, VirtEvent } from "../../src/index.ts";
import { type Command, createTestInstance, type TestInstance } from "../../src/testing/index.ts";
import { refusal } from "../support/refusal.ts";
import { waiting } from "../support/sandbox.ts";
import { soon } from "../support/soon.ts";

const often = { intervalMs: 100, retries: 2 };

/** A sandbox whose container `c1` is looked at by a program `probe`, which ends as it is told to. */
async function looked(
  healthCheck: object,
  features?: readonly string[],
): Promise<{ instance: TestInstance; ends: { code: number } }> {
  const ends = { code: 1 };
  const probe: Command = async ({ stdout }) => {
    await stdout.write("looked\n");
    return ends.code;
  };
  const instance = await createTestInstance({
    commands: { probe, hangs: () => new Promise(() => {}) },
    images: [
      {
        name: "checked",
        config: { cmd: ["sleep", "1000"], healthcheck: { test: ["CMD", "probe"], intervalMs: 1 } },
      },
    ],
    ...(features && { agent: { features } }),
  });
  const { id: _, ...rest } = waiting;
  const containers = [{ ...rest, id: "c1", healthCheck }];
  try {
    await instance.vc.runSandbox({ id: "sb", containers });
  } catch (error) {
    await instance[Symbol.asyncDispose]();
    throw error;
  }
  return { instance, ends };
}

async function healthOf({ vc }: TestInstance): Promise<ContainerHealth | undefined> {
  return (await vc.statusContainer("sb", "c1")).health;
}

async function* changes({ vc }: TestInstance): AsyncGenerator<VirtEvent["health"]> {
  const options = { types: ["health"], since: new Date(0), signal: soon() } as const;
  for await (const { health } of vc.events(options)) yield health;
}

describe("a container that is looked at", () => {
  test("starts, is unhealthy after so many failures, then healthy: in its status, the list and the events", async () => {
    const { instance, ends } = await looked({ test: ["CMD", "probe"], ...often });
    await using _ = instance;
    const told = changes(instance);
    expect((await told.next()).value).toBe("unhealthy");
    const health = await healthOf(instance);
    expect(health).toMatchObject({ status: "unhealthy" });
    expect(health?.failingStreak).toBeGreaterThanOrEqual(2);
    expect(health?.results[0]).toMatchObject({ exitCode: 1, output: "looked\n" });
    ends.code = 0;
    expect((await told.next()).value).toBe("healthy");
    const [status] = await instance.vc.listSandbox();
    expect(status?.containersStatus[0]?.health).toMatchObject({
      status: "healthy",
      failingStreak: 0,
    });
    await told.return(undefined);
    await instance.vc.stopContainer("sb", "c1");
    expect(await healthOf(instance)).toBeUndefined();
  });

  test("failures in the start period do not count, and a run that hangs has failed", async () => {
    const hangs = { test: ["CMD", "hangs"], timeoutMs: 100, retries: 1, startIntervalMs: 100 };
    const { instance } = await looked({ ...hangs, startPeriodMs: 600_000 });
    await using _ = instance;
    let health = await healthOf(instance);
    expect(health).toEqual({ status: "starting", failingStreak: 0, results: [] });
    while ((health?.results.length ?? 0) < 2) health = await healthOf(instance);
    expect(health).toMatchObject({ status: "starting", failingStreak: 0 });
    expect(health?.results[0]).toMatchObject({ exitCode: -1 });
    expect(health?.results[0]?.output).toContain("longer than 100ms");
  });

  test("is looked at as its image says, unless the caller says otherwise", async () => {
    const { instance } = await looked({});
    await using _ = instance;
    const { vc } = instance;
    expect(await healthOf(instance)).toBeUndefined();
    const make = async (id: string, healthCheck: object | undefined) => {
      await vc.createContainer("sb", { id, image: "checked", healthCheck });
      await vc.startContainer("sb", id);
      return (await vc.statusContainer("sb", id)).health?.status;
    };
    expect(await make("c2", undefined)).toBe("starting");
    expect(await make("c3", { test: ["NONE"] })).toBeUndefined();
    expect(await make("c4", { retries: 1 })).toBe("starting");
  });
});

test.each([
  [{ test: [] }, "healthCheck.test"],
  [{ test: ["probe"] }, "healthCheck.test"],
  [{ test: ["CMD-SHELL", "a", "b"] }, "healthCheck.test"],
  [{ intervalMs: 5 }, "healthCheck.intervalMs"],
  [{ retries: 0 }, "healthCheck.retries"],
])("%j is refused by its field", async (healthCheck, field) => {
  const error = await refusal(looked(healthCheck), "INVALID_ARGUMENT");
  expect(error.field).toBe(`containers.0.${field}`);
});

test("an agent that runs none refuses one that is asked for", async () => {
  const run = looked({ test: ["CMD", "probe"] }, ["virtcontainers", "processes"]);
  expect(await refusal(run, "NOT_SUPPORTED")).toMatchObject({ field: "healthCheck" });
});
