import { execFile } from "node:child_process";
import { readdirSync, statSync, watch } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { VirtContainers } from "virtcontainers";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { leftovers, type TestInstance, testInstance } from "./support/instance.ts";

const run = promisify(execFile);
const mebibyte = 1024 * 1024;

let instance: TestInstance;
beforeAll(async () => {
  instance = await testInstance();
});
afterAll(async () => {
  await instance[Symbol.asyncDispose]();
});

const vmFolder = (id: string): string => join(instance.stateDir, "sbs", id, "vm");

/** Resolves when a file has reached a size. */
async function grown(path: string, bytes: number): Promise<void> {
  await new Promise<void>((resolve) => {
    const check = (): void => {
      if (statSync(path).size < bytes) return;
      watcher.close();
      resolve();
    };
    const watcher = watch(path, check);
    check();
  });
}

describe("a guest that fills the host's disk", () => {
  test("gets no more than its limit, and its exit code is known all the same", async () => {
    const script = "head -c 3000000 /dev/zero; echo the end; exit 5";
    await using sandbox = await instance.vc.runSandbox(
      {
        id: "flood",
        logLimitMiB: 1,
        exitWith: "main",
        containers: [
          { id: "main", image: "busybox", cmd: { args: ["sh", "-c", script], detach: true } },
        ],
      },
      { deleteOnDispose: true },
    );
    expect(await sandbox.waitProcess("main", "main")).toBe(5);
    const { size } = statSync(join(vmFolder("flood"), "log.bin"));
    expect(size).toBeLessThanOrEqual(mebibyte);
    expect(size).toBeGreaterThan(mebibyte / 2);
    let bytes = 0;
    for await (const { data } of sandbox.logs("main")) bytes += data.length;
    expect(bytes).toBeGreaterThan(mebibyte / 2);
  });

  test("an agent that keeps to no limit either, and QEMU goes on; a larger disk may be filled", async () => {
    const flood = "while :; do echo 0123456789012345678901234567890123456789; done";
    await using sandbox = await instance.vc.runSandbox(
      {
        id: "flood",
        logLimitMiB: 1,
        // The last word counts: this agent takes the limit to be a thousand times as high.
        hypervisorConfig: { kernelParams: [{ key: "virtc.log_limit", value: "1073741824" }] },
        containers: [
          { id: "main", image: "busybox", waits: true },
          { id: "noise", image: "busybox", cmd: { args: ["sh", "-c", flood], detach: true } },
        ],
      },
      { deleteOnDispose: true },
    );
    const log = join(vmFolder("flood"), "log.bin");
    await grown(log, mebibyte);
    expect((await sandbox.exec(["echo", "alive"])).stdout).toBe("alive\n");
    expect(statSync(log).size).toBe(mebibyte);
    await sandbox.createContainer({ id: "disk", image: "busybox", waits: true, scratchMiB: 16 });
    await sandbox.startContainer("disk");
    const fill = "head -c 12000000 /dev/zero > /fill && sync && wc -c < /fill";
    const { process } = await sandbox.enterContainer("disk", { args: ["sh", "-c", fill] });
    expect(await sandbox.waitProcess("disk", process.token)).toBe(0);
    // One limit holds for all files of QEMU, so the log may follow the disk, but no further.
    expect(statSync(log).size).toBeLessThanOrEqual(16 * mebibyte);
  });
});

/** Run as the other user: connects to sockets, lists folders, opens the rest; prints the error of each. */
const intruder = `
const { connect } = require("node:net");
const { open, readdir } = require("node:fs");
const paths = process.argv.slice(1);
const tried = paths.map((path) => new Promise((resolve) => {
  const done = (error) => resolve(error ? error.code : "succeeded");
  if (path.endsWith(".sock")) connect(path).on("connect", done).on("error", done);
  else if (path.endsWith("/")) readdir(path, done);
  else open(path, done);
}));
Promise.all(tried).then((codes) => { console.log(codes.join()); process.exit(); });
`;

describe.skipIf(process.getuid?.() !== 0)(
  "another user of this host (needs root to be one)",
  () => {
    test("gets at no socket, no console, no log and no state; nor does another sandbox's VMM", async () => {
      const containers = [{ id: "main", image: "busybox", waits: true }];
      const dispose = { deleteOnDispose: true };
      await using mine = await instance.vc.runSandbox({ id: "mine", containers }, dispose);
      await using theirs = await instance.vc.runSandbox({ id: "theirs", containers }, dispose);
      const base = join(vmFolder("mine"), "..");
      const own = ["sandbox.json", "ledger", "lock"].map((name) => join(base, name));
      const inside = readdirSync(vmFolder("mine")).map((name) => join(vmFolder("mine"), name));
      expect(inside.filter((path) => path.endsWith(".sock")).length).toBeGreaterThan(8);
      const paths = [...own, ...inside, `${base}/`, `${vmFolder("mine")}/`];
      const { uid } = statSync(vmFolder("theirs"));
      expect(uid).not.toBe(statSync(vmFolder("mine")).uid);
      for (const user of [65_534, uid]) {
        const options = { uid: user, gid: user };
        const { stdout } = await run(process.execPath, ["-e", intruder, ...paths], options);
        expect(stdout.trim().split(",")).toEqual(paths.map(() => "EACCES"));
      }
      expect((await mine.exec(["echo", "fine"])).stdout).toBe("fine\n");
      await theirs.release();
    });
  },
);

test("a state folder whose sockets have paths of more than 107 bytes", async () => {
  const stateDir = join(instance.stateDir, "deep".repeat(30), "-dash");
  const { dataDir } = instance;
  const vc = new VirtContainers({ stateDir, dataDir });
  await using sandbox = await vc.runSandbox(
    { id: "long", containers: [{ id: "main", image: "busybox", waits: true }] },
    { deleteOnDispose: true },
  );
  expect(join(stateDir, "sbs/long/vm/agent.0.sock").length).toBeGreaterThan(107);
  expect((await sandbox.exec(["echo", "reached"])).stdout).toBe("reached\n");
});

test("nothing is left", () => expect(leftovers(instance)).toEqual([]));
