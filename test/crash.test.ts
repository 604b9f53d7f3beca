import { execFile, execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { VirtContainers } from "virtcontainers";
import { createHost, findGuestDir, loadGuestAssets } from "virtcontainers/host";
import { createFaultyHost } from "virtcontainers/testing";
import { afterAll, beforeAll, expect, test } from "vitest";
import { cgroupOf, crashScenario, plugged, type Surroundings } from "./support/crash-scenario.ts";
import { leftovers, type TestInstance, testInstance } from "./support/instance.ts";

interface Point {
  at: string;
  nth: number;
}

/** `all`: at every failpoint, `2/6`: at the second sixth of them; else at the first and the last passing of each. */
const chosen = process.env.VIRTC_CRASH_POINTS;
const [, part = 1, parts = 1] = /^(\d+)\/(\d+)$/.exec(chosen ?? "")?.map(Number) ?? [];
const all = chosen === "all" || parts > 1;
const atOnce = 2;
const script = join(import.meta.dirname, "support", "crash-child.ts");
const root = process.getuid?.() === 0;

let instance: TestInstance;
/** A folder to be a container's root, and so virtiofsd and mounts to be left behind. */
let rootFs: string | undefined;
/** What each run gets a copy of, where the whole scenario is gone through. */
let image = "";
let disk = "";

beforeAll(async () => {
  instance = await testInstance();
  if (!root) return;
  rootFs = join(instance.dataDir, "root");
  for (const name of ["proc", "sys", "dev"]) mkdirSync(join(rootFs, name), { recursive: true });
  if (!all) return;
  image = (await loadGuestAssets(findGuestDir(process.env))).busyboxPath ?? "";
  disk = join(instance.dataDir, "disk.img");
  const make = ["-q", "-O", "^has_journal", "-d", rootFs, disk, "8M"];
  execFileSync("mkfs.ext4", make, { env: { PATH: "/usr/sbin:/sbin:/usr/bin:/bin" } });
});
afterAll(async () => {
  await instance[Symbol.asyncDispose]();
});

/** The folders of one run of the scenario. */
function placeOf(name: string): { stateDir: string; dataDir: string; surroundings: Surroundings } {
  if (!all || !root) {
    const stateDir = name === "" ? instance.stateDir : join(instance.stateDir, name);
    return { stateDir, dataDir: instance.dataDir, surroundings: { rootFs } };
  }
  const folder = join(instance.stateDir, `whole-${name}`);
  mkdirSync(folder, { recursive: true, mode: 0o711 });
  return {
    stateDir: join(folder, "state"),
    dataDir: join(folder, "data"),
    surroundings: { rootFs, whole: { folder, image, disk } },
  };
}

/** What the whole scenario leaves beside the traces of its sandboxes. */
function moreLeftovers({ whole }: Surroundings): string[] {
  if (whole === undefined) return [];
  const trees = ["/sys/fs/cgroup/cpu", "/sys/fs/cgroup/memory", "/sys/fs/cgroup"];
  const cgroups = trees
    .map((tree) => `${tree}${cgroupOf(whole.folder).replace("/", "/virtc_")}`)
    .filter((path) => existsSync(path));
  const copy = join(whole.folder, "disk.img");
  const given = existsSync(copy) && statSync(copy).uid !== 0 ? [`owner of ${copy}`] : [];
  return [...cgroups, ...given];
}

async function pointsPassed(): Promise<Point[]> {
  const points: Point[] = [];
  const host = createFaultyHost(createHost(), [], (at, nth) => {
    if (at.startsWith("failpoint:")) points.push({ at, nth });
  });
  const { stateDir, dataDir, surroundings } = placeOf("");
  await crashScenario(new VirtContainers({ stateDir, dataDir, host }), surroundings);
  const last = new Map(points.map(({ at, nth }) => [at, nth]));
  if (all) return points.filter((_, index) => index % parts === part - 1);
  return points.filter(({ at, nth }) => nth === 1 || nth === last.get(at));
}

/** Lets a process die at a point, and gives what is wrong after that. */
async function crash({ at, nth }: Point): Promise<string[]> {
  const name = `${at}-${nth}`.replace(/[^a-z0-9]+/g, "-");
  const { stateDir, dataDir, surroundings } = placeOf(name);
  const args = [stateDir, dataDir, JSON.stringify(surroundings), at, String(nth)];
  const { signal, stderr } = await new Promise<{ signal: unknown; stderr: string }>((resolve) =>
    execFile(process.execPath, ["--import", "tsx", script, ...args], (error, _stdout, stderr) =>
      resolve({ signal: error?.signal, stderr }),
    ),
  );
  const alive = signal === "SIGKILL" ? [] : [`it did not die: ${stderr}`];
  const vc = new VirtContainers({ stateDir, dataDir });
  await vc.collectGarbage();
  const wrong = [...alive];
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
  wrong.push(...leftovers({ stateDir }), ...moreLeftovers(surroundings));
  if (surroundings.whole === undefined) return wrong;
  // What nobody uses any more can be removed.
  for (const { name } of await vc.volumes.list()) await vc.volumes.remove(name);
  await vc.images.prune({ all: true });
  rmSync(surroundings.whole.folder, { recursive: true });
  return wrong;
}

test("a process killed at any failpoint leaves nothing that a garbage collection or delete does not take", {
  timeout: all ? 7_200_000 : 1_200_000,
}, async () => {
  const points = await pointsPassed();
  expect(points.length).toBeGreaterThan(all ? 200 / parts : 30);
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
  if (all) return;
  const images = join(instance.dataDir, "images");
  for (const name of readdirSync(images))
    expect(readdirSync(join(images, name, "users"))).toEqual([]);
});
