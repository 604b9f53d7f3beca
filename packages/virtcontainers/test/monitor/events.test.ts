import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { rmSync } from "node:fs";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { eventChannelName, type VirtContainers, type VirtEvent } from "../../src/index.ts";
import { createTestInstance, type TestInstance } from "../../src/testing/index.ts";
import { refusal } from "../support/refusal.ts";
import { killVm, waiting } from "../support/sandbox.ts";
import { storedPath } from "../support/stored.ts";
import { guestLogs, said, until } from "./support/events.ts";

let instance: TestInstance;
let vc: VirtContainers;
beforeEach(async () => {
  instance = await createTestInstance();
  vc = instance.vc;
});
afterEach(() => instance[Symbol.asyncDispose]());

const job = {
  id: "job",
  image: "busybox",
  cmd: { args: ["sh", "-c", "exit 4"], detach: true },
};

/** All that is kept, to its present end. */
async function kept(of: VirtContainers = vc): Promise<string[]> {
  const heard: string[] = [];
  const options = { since: new Date(0), until: new Date() };
  for await (const event of of.events(options)) heard.push(said(event));
  return heard;
}

describe("events", () => {
  test("of a whole life, in order, the same for every watcher in any process", async () => {
    const watchers = [vc.events(), instance.another().events(), instance.another().events()];
    const heard = watchers.map((events) => until(events, "sandbox deleted"));
    const sandbox = await vc.runSandbox({ id: "sb", containers: [waiting, job] });
    await sandbox.createContainer({ ...waiting, id: "c2" });
    await sandbox.startContainer("c2");
    await sandbox.pauseContainer("c2");
    await sandbox.resumeContainer("c2");
    await sandbox.stopContainer("c2");
    await sandbox.deleteContainer("c2");
    await sandbox.pause();
    await sandbox.resume();
    await sandbox.stop();
    await sandbox.start();
    await sandbox.delete({ force: true });
    const [first, ...others] = await Promise.all(heard);
    for (const other of others) expect(other).toEqual(first);
    const withoutJob = first?.filter((event) => event !== "job exited 4");
    expect(withoutJob).toEqual([
      "sandbox created",
      "c1 created",
      "job created",
      "sandbox started",
      "c1 started",
      "job started",
      "c2 created",
      "c2 started",
      "c2 paused",
      "c2 resumed",
      "c2 exited 137",
      "c2 stopped",
      "c2 deleted",
      "sandbox paused",
      "sandbox resumed",
      "c1 exited 137",
      "sandbox stopped",
      "sandbox started",
      "c1 started",
      "job started",
      "sandbox deleted",
    ]);
    const exits = first?.flatMap((event, at) => (event === "job exited 4" ? [at] : []));
    expect(exits?.length).toBeGreaterThanOrEqual(1);
    expect(exits?.[0]).toBeGreaterThan(first?.indexOf("job started") ?? 0);
  });

  test("carry what they speak of", async () => {
    const events = vc.events({ types: ["exited"] });
    const next = events.next();
    const begin = Date.now();
    await using _sandbox = await vc.runSandbox({ id: "sb", containers: [job] });
    const { value } = await next;
    expect(value).toEqual({
      type: "exited",
      time: expect.any(String),
      sandboxId: "sb",
      containerId: "job",
      processId: "job",
      exitCode: 4,
    });
    expect(Date.parse(value?.time)).toBeGreaterThanOrEqual(begin - 1);
    await events.return(undefined);
  });

  test("begin when they are asked for, not when the first one is taken", async () => {
    const events = vc.events();
    await using _sandbox = await vc.createSandbox({ id: "sb", containers: [] });
    expect(await until(events, "sandbox created")).toEqual(["sandbox created"]);
    await events.return(undefined);
  });

  test("are filtered by sandbox, type and time", async () => {
    await using _one = await vc.runSandbox({ id: "one", containers: [waiting] });
    await using _two = await vc.runSandbox({ id: "two", containers: [waiting] });
    const all: VirtEvent[] = [];
    const range = { since: new Date(0), until: new Date() };
    for await (const event of vc.events(range)) all.push(event);
    const some: VirtEvent[] = [];
    for await (const event of vc.events({ ...range, sandboxId: "two", types: ["started"] }))
      some.push(event);
    expect(some.map(said)).toEqual(["sandbox started", "c1 started"]);
    expect(some).toEqual(all.filter((e) => e.sandboxId === "two" && e.type === "started"));
    const later = { ...range, since: new Date(Date.now() + 1000) };
    expect((await vc.events(later).next()).done).toBe(true);
  });

  test("are refused for wrong options, by name", async () => {
    expect(() => vc.events({ types: ["bogus" as "died"] })).toThrow(/options.types.0: "bogus"/);
    expect(() => vc.events({ since: new Date("nonsense") })).toThrow(/options.since/);
    expect(() => vc.events({ sandboxId: "-x" })).toThrow(/options.sandboxId/);
  });

  test("end by their signal and by their deadline", async () => {
    const controller = new AbortController();
    const next = vc.events({ signal: controller.signal }).next();
    controller.abort(new Error("enough"));
    expect(await refusal(next)).toMatchObject({ code: "CANCELED", cause: new Error("enough") });
    const late = await refusal(vc.events({ timeoutMs: 20 }).next());
    expect(late).toMatchObject({ code: "TIMEOUT", phase: "events" });
  });

  test("are published on a channel by whoever writes them down", async () => {
    const published: unknown[] = [];
    const onEvent = (event: unknown): void => void published.push(event);
    subscribe(eventChannelName, onEvent);
    await using _sandbox = await vc.createSandbox({ id: "sb", containers: [] });
    unsubscribe(eventChannelName, onEvent);
    expect(published).toMatchObject([{ type: "created", sandboxId: "sb" }]);
  });
});

describe("a failed create", () => {
  test("tells nothing if there was no sandbox, and its end if there was", async () => {
    await refusal(vc.createSandbox({ id: "sb", containers: [{ id: "c1", image: "none-such" }] }));
    const failing = { id: "c2", image: "busybox", cmd: { args: ["no-such-command"] } };
    await refusal(vc.createSandbox({ id: "sb", containers: [failing] }));
    expect(await kept()).toEqual([]);
    await using broken = await createTestInstance({
      agent: { faults: [{ at: "StartContainer", does: { kind: "error", code: "internal" } }] },
    });
    await refusal(broken.vc.runSandbox({ id: "sb", containers: [waiting] }));
    const heard = await kept(broken.vc);
    expect(heard.slice(0, 3)).toEqual(["sandbox created", "c1 created", "sandbox started"]);
    expect(heard.at(-1)).toBe("sandbox deleted");
  });
});

describe("a VM that dies unseen", () => {
  test("is told once, by whoever looks first, to all who watch", async () => {
    await using _sandbox = await vc.runSandbox({ id: "sb", containers: [waiting] });
    const watchers = [vc, instance.another(), instance.another()].map((some) => some.events());
    const heard = watchers.map((events) => until(events, "sandbox deleted"));
    await instance.another().statusSandbox("sb");
    await killVm(instance, "sb");
    expect((await vc.statusSandbox("sb")).state).toBe("stopped");
    await Promise.all([vc.statusSandbox("sb"), vc.listSandbox(), instance.another().listSandbox()]);
    await vc.deleteSandbox("sb");
    for (const told of await Promise.all(heard))
      expect(told).toEqual(["sandbox died", "sandbox deleted"]);
  });

  test.each<[string, (vc: VirtContainers) => Promise<unknown>]>([
    ["status", (some) => some.statusSandbox("sb")],
    ["list", (some) => some.listSandbox()],
    ["exec", (some) => some.enterContainer("sb", "c1", { args: ["true"] }).catch(() => {})],
    ["delete", (some) => some.deleteSandbox("sb")],
    ["start", async (some) => (await some.startSandbox("sb")).release()],
  ])("is told by the next %s when nobody watches", async (_name, call) => {
    const sandbox = await vc.runSandbox({ id: "sb", containers: [waiting] });
    await killVm(instance, "sb");
    await sandbox.release();
    await call(vc);
    expect((await kept()).filter((event) => event === "sandbox died")).toHaveLength(1);
  });

  test("or the next watcher, also one that only looks back", async () => {
    const sandbox = await vc.runSandbox({ id: "sb", containers: [waiting] });
    await sandbox.release();
    await killVm(instance, "sb");
    const soon = {
      since: new Date(0),
      until: new Date(Date.now() + 2_000),
      types: ["died"] as const,
    };
    expect(await until(instance.another().events(soon), "sandbox died")).toHaveLength(1);
  });

  test("is an orderly stop if it was to end with its container", async () => {
    const events = vc.events();
    const sandbox = await vc.runSandbox({ id: "sb", containers: [job], exitWith: "job" });
    await events.next();
    await sandbox.waitProcess("job", "job");
    const heard = await until(events, "sandbox stopped");
    expect(heard.slice(-2)).toEqual(["job exited 4", "sandbox stopped"]);
    await sandbox.delete();
  });
});

describe("what a guest tells", () => {
  test("a container that needs more memory than it may have: oom, and then its end", async () => {
    await using _sandbox = await vc.runSandbox({ id: "sb", containers: [waiting] });
    const events = vc.events();
    const heard = until(events, "c1 exited 137");
    instance.agent("sb").outOfMemory("c1");
    expect(await heard).toEqual(["c1 oom", "c1 exited 137"]);
  });

  test("a lack of memory names the container, at most once a second", async () => {
    await using _sandbox = await vc.runSandbox({ id: "sb", containers: [waiting] });
    const events = vc.events();
    const first = events.next();
    for (let n = 0; n < 100; n++)
      guestLogs(instance, "sb", { containerId: "c1", stream: "oom" }, BigInt(n));
    expect((await first).value).toMatchObject({ type: "oom", containerId: "c1" });
    await vc.deleteSandbox("sb", { force: true });
    expect(await until(events, "sandbox deleted")).toEqual(["sandbox deleted"]);
  });

  test("lies harm nobody: foreign ids, double ends, times that can't be", async () => {
    const begin = Date.now();
    await using _sandbox = await vc.runSandbox({ id: "sb", containers: [waiting] });
    guestLogs(instance, "sb", { containerId: "foreign", stream: "exit", status: 1 });
    guestLogs(instance, "sb", { containerId: "foreign", stream: "oom" });
    guestLogs(instance, "sb", { containerId: "c1", stream: "exit", status: 2 }, 2n ** 63n);
    guestLogs(instance, "sb", { containerId: "c1", stream: "exit", status: 3 }, 0n);
    const told: VirtEvent[] = [];
    const options = { since: new Date(0), until: new Date(Date.now() + 300) };
    for await (const event of vc.events(options)) told.push(event);
    const exits = told.filter(({ type }) => type === "exited" || type === "oom");
    expect(exits.map(said)).toEqual(["c1 exited 2"]);
    const time = Date.parse(exits[0]?.time ?? "");
    expect(time).toBeGreaterThanOrEqual(begin);
    expect(time).toBeLessThanOrEqual(Date.now());
  });

  test("is heard once, also if whoever wrote it down was killed before he could say so", async () => {
    await using sandbox = await vc.runSandbox({ id: "sb", containers: [waiting, job] });
    await sandbox.waitProcess("job", "job");
    const watcher = instance.another().events({ since: new Date(0) });
    const heard = until(watcher, "sandbox deleted");
    await sandbox.createContainer({ ...waiting, id: "c2" });
    rmSync(storedPath(instance, "sb", "events.json"));
    await sandbox.createContainer({ ...waiting, id: "c3" });
    await sandbox.delete({ force: true });
    expect((await heard).filter((event) => event === "job exited 4")).toHaveLength(1);
  });
});
