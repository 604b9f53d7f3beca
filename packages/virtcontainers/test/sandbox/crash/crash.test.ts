import { execFile } from "node:child_process";
import { existsSync, readFileSync, statSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "tsdown";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createFaultyHost } from "../../../src/host/faulty.ts";
import { createHost } from "../../../src/host/real.ts";
import { createTestInstance } from "../../../src/testing/index.ts";
import { leftovers } from "../../support/leftovers.ts";
import { cgroupOf, diskOf, namespaceOf, ownNamespace, scenario } from "./scenario.ts";

const root = fileURLToPath(new URL("../../../../../", import.meta.url));
const host = createHost();
// Folder roots are mounted on the host and served by virtiofsd: both need root.
const rootFs =
  host.uid === 0 &&
  (await Promise.all(["virtiofsd", "/usr/lib/qemu/virtiofsd"].map(host.processes.which))).some(
    Boolean,
  );

interface Point {
  at: string;
  nth: number;
  /** The sandbox was whole by then: only a delete may take it, not a reclaim. */
  whole: boolean;
  /** It was of a sandbox with a network namespace of its own. */
  own: boolean;
}

async function temporary(): Promise<string> {
  return await mkdtemp(join(tmpdir(), "virtc-crash-"));
}

/** With the namespace in it that is somebody else's. */
async function removeFolder(folder: string): Promise<void> {
  await host.network.removeNamespace(namespaceOf(folder));
  await rm(folder, { recursive: true });
}

/** What is left on links of the namespace that is somebody else's. */
async function heldLinks(folder: string): Promise<string[]> {
  const path = namespaceOf(folder);
  if (!existsSync(path)) return [];
  const qdiscs = await host.network.run(path, "tc", ["qdisc", "show"]);
  const links = await host.network.run(path, "ip", ["-o", "link"]);
  const lines = [...qdiscs.stdout.split("\n"), ...links.stdout.split("\n")];
  return lines.filter((line) => /ingress|_kata/.test(line)).map((line) => `link ${line}`);
}

/** Everything that sandboxes still hold of the host, here also their cgroup, and the disk that was given to the VMM's user. */
async function held(folder: string): Promise<string[]> {
  const trees = ["/sys/fs/cgroup/cpu", "/sys/fs/cgroup/memory", "/sys/fs/cgroup"];
  const paths = trees.map((tree) => `${tree}${cgroupOf(folder).replace("/", "/virtc_")}`);
  const given = existsSync(diskOf(folder)) && statSync(diskOf(folder)).uid !== host.uid;
  const foreign = `mount ${namespaceOf(folder)}`;
  return [
    ...(await leftovers(folder)).filter((what) => what !== foreign),
    ...(await heldLinks(folder)),
    ...paths.filter((path) => existsSync(path)).map((path) => `cgroup ${path}`),
    ...(given ? [`owner of ${diskOf(folder)}`] : []),
  ];
}

/** What is held of the host beside files. */
async function taken(folder: string): Promise<string[]> {
  return (await held(folder)).filter((what) => /^(process|mount|cgroup|link) /.test(what));
}

/** Whether the stored state says that the sandbox was created, and is not on its way out. */
function isWhole(folder: string): boolean {
  try {
    const stored = readFileSync(join(folder, "state", "sbs", "crash", "sandbox.json"), "utf8");
    return !stored.includes('"state":"creating","bootId"') && !stored.includes('"deleting":true');
  } catch {
    return false;
  }
}

/** All failpoints that the scenario passes, by running it once. */
async function passedPoints(own: boolean): Promise<Point[]> {
  const points: Point[] = [];
  const folder = await temporary();
  const recording = createFaultyHost(host, [], (at, nth) => {
    if (at.startsWith("failpoint:")) points.push({ at, nth, whole: isWhole(folder), own });
  });
  if (own) await ownNamespace(recording, folder);
  else await scenario(recording, folder, rootFs);
  expect(await held(folder)).toEqual([]);
  await removeFolder(folder);
  return points;
}

const ofOwn = rootFs ? await passedPoints(true) : [];
const points = [
  ...(await passedPoints(false)),
  ...ofOwn.filter(({ at }) => at.includes("netns") || at.includes("network")),
];
let bundle: string;

beforeAll(async () => {
  // Below node_modules, from where the one native module is found.
  bundle = await mkdtemp(join(root, "node_modules", ".virtc-crash-"));
  await build({
    config: false,
    entry: [fileURLToPath(new URL("./child.ts", import.meta.url))],
    tsconfig: join(root, "tsconfig.json"),
    outDir: bundle,
    format: "esm",
    platform: "node",
    dts: false,
    clean: false,
    logLevel: "error",
    deps: { alwaysBundle: [/./], neverBundle: ["koffi"] },
  });
});
afterAll(() => rm(bundle, { recursive: true, force: true }));

/** Runs the scenario in another process, which dies at a point. */
async function crash(folder: string, { at, nth, own }: Point): Promise<void> {
  const args = [
    join(bundle, "child.mjs"),
    folder,
    at,
    String(nth),
    rootFs ? "rootFs" : "",
    own ? "own" : "",
  ];
  const signal = await new Promise((resolve, reject) => {
    execFile(process.execPath, args, (error, _stdout, stderr) => {
      if (error === null) reject(new Error("it was to die, and came to its end"));
      else if (error.signal == null) reject(new Error(`it failed: ${stderr}`));
      else resolve(error.signal);
    });
  });
  expect(signal).toBe("SIGKILL");
}

function nameOf({ at, nth, own }: Point): string {
  return `${at} (${nth}${own ? ", of a namespace of its own" : ""})`;
}

test("the scenario passes many failpoints", () => {
  expect(points.length).toBeGreaterThanOrEqual(60);
  expect(points.some((point) => !point.whole)).toBe(true);
  if (!rootFs) return;
  const reached = new Set(points.map(({ at }) => at.replace("failpoint:", "")));
  for (const at of ["network.tap", "network.hotplug.after", "take.qdisc.taken", "take.netns.taken"])
    expect(reached).toContain(at);
});

describe.concurrent("a process killed at a failpoint", () => {
  test.each(points.map((point): [string, Point] => [nameOf(point), point]))(
    "%s: nothing of it is left after garbage is collected, or a delete of what was whole",
    async (_name, point) => {
      const folder = await temporary();
      await crash(folder, point);
      await using instance = await createTestInstance({ folder });
      await instance.vc.collectGarbage();
      const left = await instance.vc.listSandbox();
      expect(left.map(({ id }) => id)).toEqual(point.whole ? ["crash"] : []);
      // What is whole stays; but if its VM is not to be used again, only files are left of it.
      if (left[0]?.state === "stopped") expect(await taken(folder)).toEqual([]);
      expect(await instance.vc.collectGarbage()).toEqual([]);
      if (point.whole) await instance.vc.deleteSandbox("crash", { force: true });
      expect(await held(folder)).toEqual([]);
      // The id is free again.
      const again = await instance.vc.createSandbox({ id: "crash" });
      await again.delete({ force: true });
      await removeFolder(folder);
    },
  );
});
