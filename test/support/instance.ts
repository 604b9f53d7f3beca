import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { VirtContainers, VirtContainersOptions } from "virtcontainers";
import { findGuestDir, loadGuestAssets } from "virtcontainers/host";
import { overTransport } from "./transport.ts";

/** An instance with folders of its own, and the busybox image in its store. */
export interface TestInstance extends AsyncDisposable {
  vc: VirtContainers;
  stateDir: string;
  dataDir: string;
}

export async function testInstance(options: VirtContainersOptions = {}): Promise<TestInstance> {
  const base = mkdtempSync(join(tmpdir(), "vc-e2e-"));
  const stateDir = join(base, "state");
  const dataDir = join(base, "data");
  execFileSync("chmod", ["711", base]);
  const vc = overTransport({ stateDir, dataDir, ...options });
  const assets = await loadGuestAssets(findGuestDir(process.env));
  if (assets.busyboxPath === undefined) throw new Error("the guest files have no busybox image");
  await vc.images.import(assets.busyboxPath, { name: "busybox" });
  return {
    vc,
    stateDir,
    dataDir,
    async [Symbol.asyncDispose]() {
      for (const { id } of await vc.listSandbox()) await vc.deleteSandbox(id, { force: true });
      await vc.reclaim();
      rmSync(base, { recursive: true, force: true });
    },
  };
}

/** All that a sandbox may leave on the host: its folder, processes that name it, mounts, loop devices. */
export function leftovers(instance: Pick<TestInstance, "stateDir">): string[] {
  const found: string[] = [];
  try {
    found.push(...readdirSync(join(instance.stateDir, "sbs")).map((name) => `folder ${name}`));
  } catch {}
  for (const pid of readdirSync("/proc").filter((name) => /^\d+$/.test(name))) {
    if (Number(pid) === process.pid) continue;
    try {
      if (readlinkCwd(pid).startsWith(instance.stateDir)) found.push(`process ${pid}`);
      else if (readFileSync(`/proc/${pid}/cmdline`, "latin1").includes(instance.stateDir))
        found.push(`process ${pid}`);
    } catch {}
  }
  const mounts = readFileSync("/proc/self/mountinfo", "utf8").split("\n");
  found.push(
    ...mounts.filter((line) => line.includes(instance.stateDir)).map((line) => `mount ${line}`),
  );
  found.push(...loopDevices().filter((line) => line.includes(instance.stateDir)));
  return found;
}

function loopDevices(): string[] {
  return readdirSync("/sys/block").flatMap((name) => {
    try {
      return [`${name} ${readFileSync(`/sys/block/${name}/loop/backing_file`, "utf8")}`];
    } catch {
      return [];
    }
  });
}

function readlinkCwd(pid: string): string {
  return execFileSync("readlink", [`/proc/${pid}/cwd`], {
    encoding: "utf8",
    stdio: ["ignore", "pipe", "ignore"],
  });
}
