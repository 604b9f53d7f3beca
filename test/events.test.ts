import { type ChildProcess, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { buffer } from "node:stream/consumers";
import type { Sandbox } from "virtcontainers";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { leftovers, type TestInstance, testInstance } from "./support/instance.ts";

let instance: TestInstance;

beforeAll(async () => {
  instance = await testInstance();
});
afterAll(async () => {
  await instance[Symbol.asyncDispose]();
});

/** Runs a script of `support` as another process of the same user. */
function another(script: string, ...args: string[]) {
  const path = join(import.meta.dirname, "support", script);
  const { stateDir, dataDir } = instance;
  return spawn(process.execPath, ["--import", "tsx", path, stateDir, dataDir, ...args], {
    stdio: ["ignore", "pipe", "inherit"],
  });
}

const waiting = { image: "busybox", waits: true } as const;
const mebibyte = 1024 * 1024;

test("two processes hear the same of a third's sandbox: lack of memory, pauses, the VM's death", async () => {
  const watchers = [1, 2].map(() => another("events-child.ts", "watched"));
  const ended = watchers.map((watcher) => once(watcher, "exit"));
  const lines = watchers.map(({ stdout }) =>
    createInterface({ input: stdout })[Symbol.asyncIterator](),
  );
  for (const heard of lines) expect((await heard.next()).value).toBe("watching");
  const hog = {
    id: "hog",
    image: "busybox",
    cmd: { args: ["dd", "if=/dev/zero", "of=/dev/null", "bs=400M", "count=1"] },
    resources: { memory: { limit: 256 * mebibyte } },
  };
  const sandbox = await instance.vc.runSandbox({
    id: "watched",
    hypervisorConfig: { memoryMiB: 768 },
    containers: [{ id: "main", ...waiting }],
  });
  await sandbox.createContainer(hog);
  await sandbox.startContainer("hog");
  const until = async (last: string): Promise<string[][]> =>
    await Promise.all(
      lines.map(async (heard) => {
        const all: string[] = [];
        while (all.at(-1) !== last) all.push((await heard.next()).value ?? "the end");
        return all;
      }),
    );
  for (const heard of await until("hog exited 137")) {
    expect(heard).toEqual([
      "sandbox created",
      "main created",
      "sandbox started",
      "main started",
      "hog created",
      "hog started",
      "hog oom",
      "hog exited 137",
    ]);
  }
  expect((await sandbox.exec(["echo", "unharmed"])).stdout).toBe("unharmed\n");
  expect(await sandbox.statusContainer("hog")).toMatchObject({ state: "stopped", exitCode: 137 });
  await sandbox.pause();
  await sandbox.resume();
  const problems = sandbox.monitor();
  const problem = problems.next();
  const pending = sandbox.exec(["sleep", "1000"]);
  await sandbox.exec(["true"]);
  process.kill((await sandbox.status()).vmm?.pid ?? 0, "SIGKILL");
  await expect(pending).rejects.toMatchObject({ code: "SANDBOX_DEAD" });
  expect((await problem).value).toMatchObject({ code: "SANDBOX_DEAD" });
  expect((await problems.next()).done).toBe(true);
  for (const heard of await until("sandbox died"))
    expect(heard).toEqual(["sandbox paused", "sandbox resumed", "sandbox died"]);
  await sandbox.delete();
  for (const heard of await until("sandbox deleted")) expect(heard).toEqual(["sandbox deleted"]);
  await Promise.all(ended);
  expect(leftovers(instance)).toEqual([]);
});

describe("one sandbox", () => {
  let sandbox: Sandbox;
  beforeAll(async () => {
    sandbox = await instance.vc.runSandbox({
      id: "one",
      containers: [
        { id: "main", ...waiting },
        { id: "other", ...waiting },
      ],
    });
  });
  afterAll(async () => {
    await sandbox.delete({ force: true });
  });

  test("an abort kills all that a command has started in its process group", async () => {
    const controller = new AbortController();
    const script = "sleep 5151 & sleep 5252 & echo up; wait";
    const handle = sandbox.exec(["sh", "-c", script], { signal: controller.signal });
    for await (const line of handle.lines()) if (line === "up") break;
    expect((await sandbox.exec(["ps"])).stdout).toMatch(/sleep 5151[\s\S]*sleep 5252/);
    controller.abort();
    await expect(handle).rejects.toMatchObject({ code: "CANCELED" });
    expect((await sandbox.exec(["ps"])).stdout).not.toContain("sleep 5");
  });

  test("a reader that is absent stops its own command, and no other container", async () => {
    const flood = { args: ["yes"] };
    const { process: absent } = await sandbox.enterContainer("main", flood);
    const io = await sandbox.ioStream("main", absent.token);
    expect((await sandbox.exec(["echo", "on"], { container: "other" })).stdout).toBe("on\n");
    const counted = await sandbox.exec(["head", "-c", "8000000", "/dev/zero"], {
      container: "other",
    });
    expect(counted.stdoutBytes.length).toBe(8_000_000);
    io.stdout.destroy();
    await sandbox.signalProcess("main", absent.token, "SIGKILL");
    expect(await sandbox.waitProcess("main", absent.token)).toBe(137);
  });

  test("a reader that is killed in the middle of 16 MiB is followed by another, byte for byte", async () => {
    const script = "head -c 16777216 /dev/urandom > /tmp/data; cat /tmp/data";
    const command = { args: ["sh", "-c", script] };
    const { process: writer } = await sandbox.enterContainer("main", command);
    const file = join(instance.dataDir, "read");
    const reader = another("read-child.ts", "one", "main", writer.token, file);
    await pieces(reader, 5);
    reader.kill("SIGKILL");
    await once(reader, "exit");
    const first = readFileSync(file);
    expect(first.length).toBeLessThan(16 * mebibyte);
    const rest = await sandbox.ioStream("main", writer.token, { stdoutOffset: first.length });
    const whole = Buffer.concat([first, await buffer(rest.stdout)]);
    expect(whole.length).toBe(16 * mebibyte);
    const { stdout } = await sandbox.exec(["sha256sum", "/tmp/data"]);
    expect(stdout).toContain(createHash("sha256").update(whole).digest("hex"));
  });

  test("a VMM that is stopped lets every pending call end by its deadline, and is told", async () => {
    const { vmm } = await sandbox.status();
    const problems = sandbox.monitor({ intervalMs: 100, answerMs: 3_000 });
    const problem = problems.next();
    process.kill(vmm?.pid ?? 0, "SIGSTOP");
    try {
      const limit = { timeoutMs: 2_000 };
      const calls = [
        sandbox.exec(["true"], limit),
        sandbox.status(limit),
        sandbox.waitProcess("main", "main", limit),
        sandbox.killContainer("other", "SIGUSR1", false, limit),
        sandbox.createContainer({ id: "more", ...waiting }, limit),
        sandbox.stopContainer("other", limit),
        sandbox.pause(limit),
        sandbox.metrics(limit),
      ].map((call) =>
        Promise.resolve(call).then(
          () => "done",
          (error) => error.code,
        ),
      );
      expect(await Promise.all(calls)).toEqual(calls.map(() => "TIMEOUT"));
      expect((await problem).value).toMatchObject({ code: "TIMEOUT", sandboxId: "one" });
      await problems.return(undefined);
    } finally {
      process.kill(vmm?.pid ?? 0, "SIGCONT");
    }
    expect((await sandbox.exec(["echo", "goes on"])).stdout).toBe("goes on\n");
  });
});

/** Settles when a child has printed so many dots. */
async function pieces(child: ChildProcess, count: number): Promise<void> {
  let dots = 0;
  for await (const chunk of child.stdout ?? []) {
    dots += chunk.length;
    if (dots >= count) return;
  }
}
