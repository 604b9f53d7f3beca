/** VMs that end by themselves, whatever became of who made them. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { leftovers, type TestInstance, testInstance } from "./support/instance.ts";

const waiting = { id: "main", image: "busybox", waits: true } as const;
const child = fileURLToPath(new URL("./support/lifetime-child.ts", import.meta.url));

let instance: TestInstance;
beforeAll(async () => {
  instance = await testInstance();
});
afterAll(async () => {
  await instance[Symbol.asyncDispose]();
});

/** Why a sandbox has stopped, when it has. */
async function stopped(sandboxId: string): Promise<string | undefined> {
  const told = instance.vc.events({ sandboxId, types: ["stopped", "died"], since: new Date(0) });
  for await (const { type, reason } of told) return `${type}: ${reason}`;
  return undefined;
}

test("a VM ends by itself when its time is over, though its maker was killed", async () => {
  const { stateDir, dataDir } = instance;
  const maker = spawn(process.execPath, ["--import", "tsx", child, stateDir, dataDir, "orphan"], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  await Promise.race([once(maker.stdout, "data"), once(maker, "exit")]);
  maker.kill("SIGKILL");
  expect(await stopped("orphan")).toBe("stopped: its time was over");
  const [status] = await instance.vc.listSandbox({ state: "stopped" });
  expect(status).toMatchObject({ id: "orphan", vmm: undefined, endsAt: undefined });
  await using again = await instance.vc.startSandbox("orphan");
  expect((await again.exec(["echo", "back"])).stdout).toBe("back\n");
  expect((await again.status()).endsAt).toBeDefined();
  await again.setTimeout(undefined);
  await again.delete({ force: true });
});

test("a VM that nobody uses ends by itself, and is deleted by who looks next", async () => {
  const lifetime = { idleTimeoutMs: 4000, onTimeout: "delete" } as const;
  await using sandbox = await instance.vc.runSandbox({ containers: [waiting], lifetime });
  const { stdout } = await sandbox.exec(["sh", "-c", "sleep 5; echo used"]);
  expect(stdout).toBe("used\n");
  expect(await stopped(sandbox.id)).toBe("stopped: nobody has used it for its idle time");
  expect(await instance.vc.listSandbox()).toEqual([]);
  expect(leftovers(instance)).toEqual([]);
});
