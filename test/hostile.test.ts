import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import {
  lstatSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  watch,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { promisify } from "node:util";
import { type ContainerConfig, VirtContainers } from "virtcontainers";
import { createHost } from "virtcontainers/host";
import { afterAll, afterEach, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { createQemu } from "../packages/virtcontainers/src/hypervisor/qemu/index.ts";
import { silentLogger } from "../packages/virtcontainers/src/log.ts";
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

/** The state of a process, as in proc(5): R, S, T... */
function stateOf(pid: number | undefined): string | undefined {
  return /\) (\S)/.exec(readFileSync(`/proc/${pid}/stat`, "latin1"))?.[1];
}

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
    // This agent takes the limit to be a thousand times as high as QEMU's.
    const qemu = createQemu(createHost(), silentLogger);
    const strict: typeof qemu = {
      ...qemu,
      type: "strict",
      start: (spec, ledger, signal) =>
        qemu.start({ ...spec, config: { ...spec.config, logLimitMiB: 1 } }, ledger, signal),
    };
    await using instance = await testInstance({ hypervisors: { strict } });
    await using sandbox = await instance.vc.runSandbox(
      {
        id: "flood",
        logLimitMiB: 1024,
        hypervisorType: "strict",
        containers: [
          { id: "main", image: "busybox", waits: true },
          { id: "noise", image: "busybox", cmd: { args: ["sh", "-c", flood], detach: true } },
        ],
      },
      { deleteOnDispose: true },
    );
    const log = join(instance.stateDir, "sbs", "flood", "vm", "log.bin");
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

test.skipIf(process.getuid?.() !== 0)(
  "a guest that makes virtiofsd say much gets no more of its log than its limit, and goes on",
  async () => {
    const source = mkdtempSync(join(tmpdir(), "vc-noise-"));
    const sandbox = await instance.vc.runSandbox({
      id: "noise",
      hypervisorConfig: { virtioFSExtraArgs: ["-o", "log_level=debug"] },
      containers: [
        {
          id: "main",
          image: "busybox",
          waits: true,
          mounts: [{ type: "bind", source, destination: "/shared" }],
        },
      ],
    });
    const log = join(instance.stateDir, "sbs", "noise", "virtiofsd", "virtiofsd.log");
    const noise = "while :; do echo > /shared/f; rm /shared/f; done";
    const { process } = await sandbox.enterContainer("main", { args: ["sh", "-c", noise] });
    await grown(log, mebibyte);
    await sandbox.exec(["sh", "-c", "echo more > /shared/more && sync"], { check: true });
    expect(statSync(log).size).toBe(mebibyte);
    await sandbox.signalProcess("main", process.token, "SIGKILL");
    await sandbox.delete({ force: true });
    expect(leftovers(instance)).toEqual([]);
    rmSync(source, { recursive: true });
  },
);

/** Puts symlinks in the places of folders, and the folders back, as fast as it can. */
const swapper = `
const { renameSync, symlinkSync } = require("node:fs");
const [, outside, ...paths] = process.argv;
for (const path of paths) symlinkSync(outside, path + ".link");
console.log("begins");
for (;;) {
  for (const path of paths) {
    for (const [from, to] of [[path, path + ".kept"], [path + ".link", path], [path, path + ".link"], [path + ".kept", path]]) {
      try { renameSync(from, to); } catch {}
    }
  }
}
`;

test("a guest that floods its console gets no more than its limit, and goes on", async () => {
  // With a shared folder its memory is a file, too.
  const source = mkdtempSync(join(tmpdir(), "vc-flood-"));
  onTestFinished(() => rmSync(source, { recursive: true }));
  const shared = { type: "bind", source, destination: "/shared", readOnly: true } as const;
  const mounts = process.getuid?.() === 0 ? [shared] : [];
  await using sandbox = await instance.vc.runSandbox(
    {
      id: "flood",
      logLimitMiB: 1,
      containers: [{ id: "main", image: "busybox", waits: true, mounts }],
    },
    { deleteOnDispose: true },
  );
  const flood = ["sh", "-c", "head -c 1500000 /dev/zero > /dev/console"];
  expect(await (await sandbox.openConsole({ args: flood })).exited).toBe(0);
  expect(statSync(join(vmFolder("flood"), "console.log")).size).toBe(mebibyte);
  expect((await sandbox.exec(["echo", "alive"])).stdout).toBe("alive\n");
});

describe.skipIf(process.getuid?.() !== 0)("a hostile user of shared folders (needs root)", () => {
  const { mounts } = createHost();
  let base: string;
  let outside: string;
  beforeAll(() => {
    base = mkdtempSync(join(tmpdir(), "vc-hostile-"));
    outside = join(base, "outside");
    for (const name of ["outside", "victim", "rw"]) mkdirSync(join(base, name));
    writeFileSync(join(outside, "secret"), "the host's");
    writeFileSync(join(base, "victim", "file"), "shared\n");
  });
  afterEach(async () => {
    expect(readdirSync(outside)).toEqual(["secret"]);
    expect(readFileSync(join(outside, "secret"), "utf8")).toBe("the host's");
    expect(await mounts.listBelow(outside)).toEqual([]);
  });
  afterAll(() => rmSync(base, { recursive: true }));

  test("who swaps source and target for symlinks during mounts gets nothing of it", async () => {
    const [source, target] = [join(base, "source"), join(base, "target")];
    for (const path of [source, target]) mkdirSync(path);
    const child = spawn(process.execPath, ["-e", swapper, outside, source, target], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    onTestFinished(async () => {
      child.kill("SIGKILL");
      await once(child, "exit");
      for (const point of await mounts.listBelow(base)) await mounts.unmount(point);
    });
    await once(child.stdout, "data");
    const seen = { done: 0, refused: 0 };
    for (let round = 0; round < 200; round++) {
      try {
        await mounts.bind(source, target);
        seen.done++;
      } catch {
        seen.refused++;
      }
      // It holds still while a look is taken, else what is looked at may be another thing by then.
      child.kill("SIGSTOP");
      await expect.poll(() => stateOf(child.pid), { interval: 1 }).toBe("T");
      for (const point of await mounts.listBelow(base)) {
        expect(readdirSync(point)).not.toContain("secret");
        await mounts.unmount(point);
      }
      child.kill("SIGCONT");
    }
    for (const count of [seen.done, seen.refused]) expect(count).toBeGreaterThan(0);
  });

  test("a guest that swaps the places of mounts while containers come and go changes nothing", async () => {
    const admin = ["CAP_SYS_ADMIN", "CAP_DAC_OVERRIDE", "CAP_MKNOD", "CAP_FOWNER"];
    const capabilities = { bounding: admin, effective: admin, permitted: admin };
    const victim = join(base, "victim");
    const rw = join(base, "rw");
    const evil: ContainerConfig = {
      id: "evil",
      image: "busybox",
      waits: true,
      cmd: { args: [], capabilities },
      mounts: [
        { type: "bind", source: rw, destination: "/rw" },
        { type: "bind", source: victim, destination: "/ro", readOnly: true },
      ],
    };
    await using sandbox = await instance.vc.runSandbox(
      { id: "swapped", containers: [evil] },
      { deleteOnDispose: true },
    );
    // The guest's root itself, in no container: it tries to change what it sees, again and again.
    const swap = `n=0 changed=0
      until [ -e /run/stop ]; do
        mount -o remount,rw .
        for act in "mv evil/m0 evil/old" "rmdir evil/m0" "mv evil old" "mv late old" "rmdir late/m0" \\
          "mkdir late" "ln -s ${outside} late" "ln -s ${outside} evil/late" "touch late/m0/x"; do
          n=$((n + 1))
          $act && changed=1
        done 2>/dev/null
      done
      [ $changed = 0 ] && [ $n -gt 100 ]`;
    const shared = "cd /run/kata-containers/shared/containers && [ -d evil/m0 ]";
    const swapping = await sandbox.openConsole({ args: ["sh", "-c", `${shared} && ${swap}`] });
    for (let round = 0; round < 3; round++) {
      const mount = { type: "bind", source: victim, destination: "/m", readOnly: true } as const;
      await sandbox.createContainer({
        id: "late",
        image: "busybox",
        waits: true,
        mounts: [mount],
      });
      await sandbox.startContainer("late");
      const { stdout } = await sandbox.exec(["cat", "/m/file"], { container: "late" });
      expect(stdout).toBe("shared\n");
      await sandbox.stopContainer("late");
      await sandbox.deleteContainer("late");
    }
    await sandbox.openConsole({ args: ["touch", "/run/stop"] });
    expect(await swapping.exited).toBe(0);
    expect(readdirSync(victim)).toEqual(["file"]);

    // Devices, links and hard links that it makes in a folder are of no use on the host or on the way to it.
    const script = `cd /rw && mknod zero c 1 5 && ln -s ${outside}/secret link && ln link hard
      cat link; ln /ro/file stolen`;
    const made = await sandbox.exec(["sh", "-c", script]);
    expect(made.stdout).toBe("");
    expect(made.stderr).toContain("Invalid cross-device link");
    expect(readdirSync(rw).sort()).toEqual(["hard", "link", "zero"]);
    expect(lstatSync(join(rw, "hard")).isSymbolicLink()).toBe(true);
    expect(lstatSync(join(rw, "zero")).isCharacterDevice()).toBe(true);
    expect(statSync(join(victim, "file")).nlink).toBe(1);
    const served = join(instance.stateDir, "sbs/swapped/mounts/evil/m0/zero");
    expect(lstatSync(served).rdev).toBe(lstatSync(join(rw, "zero")).rdev);
    expect(() => openSync(served, "r")).toThrow("EACCES");
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
      // The VMM's own, and what leads to the agent.
      const sockets = inside.filter((path) => path.endsWith(".sock")).map((path) => basename(path));
      expect(sockets).toContain("qmp.sock");
      expect(sockets.length).toBeGreaterThan(1);
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
