import { execFile } from "node:child_process";
import { mkdirSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { VirtContainers } from "virtcontainers";
import { createFaultyHost, createHost } from "virtcontainers/internal";
import { afterAll, beforeAll, expect, test } from "vitest";
import { crashScenario, plugged } from "./support/crash-scenario.ts";
import { leftovers, type TestInstance, testInstance } from "./support/instance.ts";

interface Point {
  at: string;
  nth: number;
}

/** `all`: at every failpoint; else at the first and the last passing of each. */
const all = process.env.VIRTC_CRASH_POINTS === "all";
const atOnce = 2;
const script = join(import.meta.dirname, "support", "crash-child.ts");
const root = process.getuid?.() === 0;

let instance: TestInstance;
/** A folder to be a container's root, and so virtiofsd and mounts to be left behind. */
let rootFs = "";

beforeAll(async () => {
  instance = await testInstance();
  if (!root) return;
  rootFs = join(instance.dataDir, "root");
  for (const name of ["proc", "sys", "dev"]) mkdirSync(join(rootFs, name), { recursive: true });
});
afterAll(async () => {
  await instance[Symbol.asyncDispose]();
});

async function pointsPassed(): Promise<Point[]> {
  const points: Point[] = [];
  const host = createFaultyHost(createHost(), [], (at, nth) => {
    if (at.startsWith("failpoint:")) points.push({ at, nth });
  });
  const { stateDir, dataDir } = instance;
  await crashScenario(new VirtContainers({ stateDir, dataDir, host }), rootFs);
  const last = new Map(points.map(({ at, nth }) => [at, nth]));
  return points.filter(({ at, nth }) => all || nth === 1 || nth === last.get(at));
}

/** Lets a process die at a point, and gives what is wrong after that. */
async function crash({ at, nth }: Point): Promise<string[]> {
  const stateDir = join(instance.stateDir, `${at}-${nth}`.replace(/[^a-z0-9]+/g, "-"));
  const args = [stateDir, instance.dataDir, rootFs, at, String(nth)];
  const signal = await new Promise((resolve) =>
    execFile(process.execPath, ["--import", "tsx", script, ...args], (error) =>
      resolve(error?.signal),
    ),
  );
  if (signal !== "SIGKILL") return ["it did not die"];
  const vc = new VirtContainers({ stateDir, dataDir: instance.dataDir });
  await vc.collectGarbage();
  const wrong: string[] = [];
  for (const { id, state } of await vc.listSandbox()) {
    const taken = leftovers({ stateDir }).filter((what) => !what.startsWith("folder"));
    if (state === "stopped") wrong.push(...taken);
    // What was half done is no obstacle to doing it.
    if (state === "running") {
      await using sandbox = await vc.fetchSandbox(id);
      if (sandbox.containers().some((container) => container.id === plugged.id)) {
        await sandbox.stopContainer(plugged.id, { force: true }).catch(() => {});
        await sandbox.deleteContainer(plugged.id);
      }
      await sandbox.createContainer(plugged);
      await sandbox.startContainer(plugged.id);
      await sandbox.exec(["true"], { container: plugged.id, check: true });
    }
    await vc.deleteSandbox(id, { force: true });
  }
  return [...wrong, ...leftovers({ stateDir })];
}

test("a process killed at any failpoint leaves nothing that a garbage collection or delete does not take", {
  timeout: 1_200_000,
}, async () => {
  const points = await pointsPassed();
  expect(points.length).toBeGreaterThan(all ? 60 : 30);
  console.log(`killed at ${points.length} failpoints of real VMs`);
  const waiting = [...points];
  const wrong: Record<string, string[]> = {};
  const work = async (): Promise<void> => {
    for (let point = waiting.pop(); point !== undefined; point = waiting.pop()) {
      const found = await crash(point).catch((error: unknown) => [String(error)]);
      if (found.length > 0) wrong[`${point.at} (${point.nth})`] = found;
    }
  };
  await Promise.all(Array.from({ length: atOnce }, work));
  expect(wrong).toEqual({});
  const images = join(instance.dataDir, "images");
  for (const name of readdirSync(images))
    expect(readdirSync(join(images, name, "users"))).toEqual([]);
});
