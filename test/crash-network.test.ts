/** Kills at the failpoints of networks, on real VMs, inside a namespace that stands for the host. */
import { execFile } from "node:child_process";
import { existsSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { VirtContainers } from "virtcontainers";
import { createHost } from "virtcontainers/host";
import { createFaultyHost } from "virtcontainers/testing";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  enterOutside,
  type Outside,
  run,
} from "../packages/virtcontainers/test/network/cni/support/outside.ts";
import { networkPoint, networkScenario } from "./support/crash-network.ts";
import { leftovers, type TestInstance, testInstance } from "./support/instance.ts";

interface Point {
  at: string;
  nth: number;
}

/** `all`: at every passing of every failpoint of a network, `2/6`: the second sixth of them; else at some. */
const chosen = process.env.VIRTC_CRASH_POINTS;
const [, part = 1, parts = 1] = /^(\d+)\/(\d+)$/.exec(chosen ?? "")?.map(Number) ?? [];
const all = chosen === "all" || parts > 1;
const script = join(import.meta.dirname, "support", "crash-child.ts");

describe.skipIf(process.getuid?.() !== 0)("networks (needs root)", () => {
  let outside: Outside;
  let instance: TestInstance;
  beforeAll(async () => {
    outside = await enterOutside();
    instance = await testInstance();
  });
  afterAll(async () => {
    await instance[Symbol.asyncDispose]();
    await outside.leave();
  });

  /** Links, addresses, routes and rules of what stands for the host, but the empty chains that the plugins make for all. */
  const hostState = async (): Promise<string[]> => {
    const said = await Promise.all([
      run(outside.namespace, "ip", "-br", "address"),
      run(outside.namespace, "ip", "route"),
      run(outside.namespace, "ip", "-6", "route"),
      run(outside.namespace, "nft", "list", "ruleset"),
    ]);
    const [addresses = "", ...rest] = said.map((text) => text.split("\n"));
    const rules = rest.flat().filter((line) => /dnat to|dport|addr |default via|dev /.test(line));
    return [...addresses, ...rules].map((line) => line.trim()).filter((line) => line !== "");
  };

  /** What is kept of a network's uses, addresses and names. */
  const kept = (): string[] => {
    const folder = join(instance.dataDir, "networks");
    if (!existsSync(folder)) return [];
    return readdirSync(folder, { recursive: true, encoding: "utf8" })
      .filter((path) => /^\.uses\/.*\/|^\.leases\/.*\/[0-9a-f]*[.:][0-9a-f.:]*$|front/.test(path))
      .filter((path) => !/\.lock$/.test(path));
  };

  async function pointsPassed(): Promise<Point[]> {
    const points: Point[] = [];
    const host = createFaultyHost(createHost(), [], (at, nth) => {
      if (networkPoint.test(at)) points.push({ at, nth });
    });
    const { stateDir, dataDir } = instance;
    await networkScenario(new VirtContainers({ stateDir, dataDir, host }));
    if (all) return points.filter((_, index) => index % parts === part - 1);
    // Of each failpoint one passing: those of the first network, or those of the last, which has a policy.
    const last = new Map(points.map(({ at, nth }) => [at, nth]));
    return [...last]
      .map(([at, nth], index) => ({ at, nth: index % 2 === 0 ? 1 : nth }))
      .filter((_, index) => index % 3 === 0);
  }

  /** Lets a process die at a point, and gives what is wrong after that. */
  async function crash({ at, nth }: Point, before: string[]): Promise<string[]> {
    const { stateDir, dataDir, vc } = instance;
    // The default network is made again, too.
    rmSync(join(dataDir, "networks"), { recursive: true, force: true });
    const args = ["--import", "tsx", script, stateDir, dataDir, "network", at, String(nth)];
    const { signal, stderr } = await new Promise<{ signal: unknown; stderr: string }>((resolve) =>
      execFile(process.execPath, args, (error, _stdout, stderr) =>
        resolve({ signal: error?.signal, stderr }),
      ),
    );
    const wrong = signal === "SIGKILL" ? [] : [`it did not die: ${stderr}`];
    await vc.collectGarbage();
    for (const { id, state } of await vc.listSandbox()) {
      if (state === "running") {
        await using sandbox = await vc.fetchSandbox(id);
        await sandbox.exec(["true"], { check: true });
        expect(await sandbox.listInterfaces()).not.toEqual([]);
      }
      await vc.deleteSandbox(id, { force: true });
    }
    await vc.networks.prune();
    wrong.push(...leftovers({ stateDir }), ...kept());
    const after = await hostState();
    wrong.push(...after.filter((line) => !before.includes(line)).map((line) => `left: ${line}`));
    return wrong;
  }

  test("a process killed at a failpoint of a network leaves no link, address, rule, lease or process", {
    timeout: all ? 7_200_000 : 1_200_000,
  }, async () => {
    const points = await pointsPassed();
    expect(points.length).toBeGreaterThan(all ? 50 / parts : 5);
    console.log(`killed at ${points.length} failpoints of networks`);
    const before = await hostState();
    const wrong: Record<string, string[]> = {};
    for (const point of points) {
      const found = await crash(point, before).catch((error: unknown) => [String(error)]);
      if (found.length > 0) wrong[`${point.at} (${point.nth})`] = found;
    }
    expect(wrong).toEqual({});
  });
});
