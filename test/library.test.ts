import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import type { Sandbox } from "virtcontainers";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { leftovers, type TestInstance, testInstance } from "./support/instance.ts";

let instance: TestInstance;

beforeAll(async () => {
  instance = await testInstance();
});
afterAll(async () => {
  await instance[Symbol.asyncDispose]();
});

/** A sandbox with one waiting busybox container, deleted at the end of its scope. */
async function run(config: object = {}, container: object = {}): Promise<Sandbox> {
  return await instance.vc.runSandbox(
    { containers: [{ id: "main", image: "busybox", waits: true, ...container }], ...config },
    { deleteOnDispose: true },
  );
}

describe("one sandbox, many commands", () => {
  let sandbox: Sandbox;
  beforeAll(async () => {
    sandbox = await run();
  });
  afterAll(async () => {
    await sandbox.delete({ force: true });
  });

  test("output, error output and exit code", async () => {
    const result = await sandbox.exec(["sh", "-c", "echo hi; echo no >&2; exit 3"]);
    expect(result).toMatchObject({ exitCode: 3, stdout: "hi\n", stderr: "no\n" });
  });

  test("no shell stands between: arguments arrive as they are", async () => {
    const { stdout } = await sandbox.exec(["printf", "%s|", "a b", "$HOME", "*", "", "'"]);
    expect(stdout).toBe("a b|$HOME|*||'|");
  });

  test("check makes an exit code throw", async () => {
    await expect(sandbox.exec(["false"], { check: true })).rejects.toMatchObject({
      code: "EXIT_CODE",
      exitCode: 1,
    });
  });

  test("a command that does not exist", async () => {
    await expect(sandbox.exec(["no-such-thing"])).rejects.toMatchObject({
      code: "COMMAND_NOT_FOUND",
    });
  });

  test("a file that can't be executed", async () => {
    await expect(sandbox.exec(["/etc/passwd"])).rejects.toMatchObject({
      code: "COMMAND_NOT_EXECUTABLE",
    });
  });

  test("standard input from texts, bytes, iterables and a stream kept open", async () => {
    expect((await sandbox.exec(["cat"], { stdin: "abc" })).stdout).toBe("abc");
    expect((await sandbox.exec(["cat"], { stdin: Buffer.from("xyz") })).stdout).toBe("xyz");
    expect((await sandbox.exec(["cat"], { stdin: ["1", "2"] })).stdout).toBe("12");
    const handle = sandbox.exec(["cat"]);
    handle.stdin.write("now ");
    handle.stdin.end("later");
    expect((await handle).stdout).toBe("now later");
  });

  test("a command that ends without reading its input is no error", async () => {
    const { exitCode } = await sandbox.exec(["true"], { stdin: "x".repeat(5_000_000) });
    expect(exitCode).toBe(0);
  });

  test("lines as they come, and the result after them", async () => {
    const handle = sandbox.exec(["sh", "-c", "echo a; echo b; echo c"]);
    const lines: string[] = [];
    for await (const line of handle.lines()) lines.push(line);
    expect(lines).toEqual(["a", "b", "c"]);
    expect((await handle).exitCode).toBe(0);
  });

  test("environment, working folder and user", async () => {
    const options = { env: { A: "1" }, cwd: "/tmp", user: "65534:65534" };
    const { stdout } = await sandbox.exec(
      ["sh", "-c", "echo $A $(pwd) $(id -u):$(id -g)"],
      options,
    );
    expect(stdout).toBe("1 /tmp 65534:65534\n");
  });

  test("bytes pass unchanged, 16 MiB of them", async () => {
    const bytes = Buffer.alloc(
      16 * 1024 * 1024,
      Buffer.from(Array.from({ length: 256 }, (_, i) => i)),
    );
    const { stdoutBytes } = await sandbox.exec(["cat"], { stdin: bytes });
    expect(Buffer.compare(stdoutBytes, bytes)).toBe(0);
  });

  test("a deadline kills the command in the guest before it rejects", async () => {
    await expect(sandbox.exec(["sleep", "4242"], { timeoutMs: 300 })).rejects.toMatchObject({
      code: "TIMEOUT",
    });
    expect((await sandbox.exec(["ps"])).stdout).not.toContain("4242");
  });

  test("an abort too, with its reason", async () => {
    const controller = new AbortController();
    const handle = sandbox.exec(["sh", "-c", "echo up; exec sleep 4343"], {
      signal: controller.signal,
    });
    for await (const line of handle.lines()) {
      if (line === "up") break;
    }
    controller.abort(new Error("enough"));
    await expect(handle).rejects.toMatchObject({ code: "CANCELED", cause: { message: "enough" } });
    expect((await sandbox.exec(["ps"])).stdout).not.toContain("4343");
  });

  test("a signal's exit code is 128 and its number", async () => {
    const handle = sandbox.exec(["sh", "-c", "kill -TERM $$"]);
    expect((await handle).exitCode).toBe(143);
    const killed = sandbox.exec(["sleep", "1000"]);
    await killed.kill();
    expect((await killed).exitCode).toBe(137);
  });

  test("more output than is to be kept ends the command", async () => {
    const handle = sandbox.exec(["cat", "/dev/zero"], { maxOutputBytes: 1_000_000 });
    await expect(handle).rejects.toMatchObject({ field: "maxOutputBytes" });
  });

  test("a terminal has the size it was given, and follows a resize", async () => {
    // A shell may be told of one resize more than once.
    // Nor has it its size from its first instant on: crun starts a command and sizes its terminal at once.
    const script = "read go; trap 'stty size' WINCH; stty size; while :; do sleep 0.1; done";
    const handle = sandbox.exec(["sh", "-c", script], {
      tty: true,
      size: { rows: 30, columns: 100 },
      stdin: "go\n",
    });
    const lines: string[] = [];
    for await (const line of handle.lines()) {
      if (line.startsWith("go")) continue;
      lines.push(line);
      if (lines.length === 1) await handle.resize({ rows: 40, columns: 120 });
      else break;
    }
    await handle.kill();
    expect((await handle).exitCode).toBe(137);
    expect(lines).toEqual(["30 100", "40 120"]);
  });

  test("the guest is a machine of its own, with a root that can be written", async () => {
    const { stdout } = await sandbox.exec(["sh", "-c", "uname -r; touch /made && ls /made"]);
    expect(stdout).not.toContain(execFileSync("uname", ["-r"], { encoding: "utf8" }).trim());
    expect(stdout).toContain("/made");
  });

  test("the VMM runs as a user of its own, without privileges", async () => {
    const { vmm } = await sandbox.status();
    const status = readFileSync(`/proc/${vmm?.pid}/status`, "utf8");
    if (process.getuid?.() === 0) expect(status).toMatch(/^Uid:\s+1\d{9}/m);
    expect(status).toMatch(/^CapEff:\s+0+$/m);
    expect(status).toMatch(/^Seccomp:\s+2$/m);
  });
});

describe("two containers in one sandbox", () => {
  let sandbox: Sandbox;
  const waiting = (id: string) => ({ id, image: "busybox", waits: true });
  beforeAll(async () => {
    sandbox = await run();
    await sandbox.createContainer(waiting("second"));
    await sandbox.startContainer("second");
  });
  afterAll(async () => {
    await sandbox.delete({ force: true });
  });

  test("each has files of its own", async () => {
    const [a, b] = await Promise.all([
      sandbox.exec(["sh", "-c", "touch /a; exit 1"], { container: "main" }),
      sandbox.exec(["sh", "-c", "sleep 0.5; ls /a; exit 2"], { container: "second" }),
    ]);
    expect([a.exitCode, b.exitCode]).toEqual([1, 2]);
    expect(b.stderr).toContain("/a");
  });

  test("two other processes run commands in both at once, each with its own exit code and output", async () => {
    const child = (container: string, code: string) => {
      const script = join(import.meta.dirname, "support", "exec-child.ts");
      const { stateDir, dataDir } = instance;
      const args = ["--import", "tsx", script, stateDir, dataDir, sandbox.id, container, code];
      return spawn(process.execPath, args);
    };
    const children = [child("main", "3"), child("second", "4")];
    const results = await Promise.all(
      children.map(async ({ stdout, stderr }) => ({
        out: await text(stdout),
        err: await text(stderr),
      })),
    );
    expect(results).toEqual([
      { out: "3:says 3\n", err: "" },
      { out: "4:says 4\n", err: "" },
    ]);
  });

  test("one goes and comes anew", async () => {
    await sandbox.stopContainer("second");
    await expect(sandbox.exec(["true"], { container: "second" })).rejects.toMatchObject({
      code: "INVALID_STATE",
    });
    await sandbox.deleteContainer("second");
    await sandbox.createContainer(waiting("second"));
    await sandbox.startContainer("second");
    expect((await sandbox.exec(["echo", "again"], { container: "second" })).stdout).toBe("again\n");
  });
});

test.each(["virtio-blk", "virtio-scsi"] as const)(
  "disks over %s, a scratch disk among them",
  async (blockDeviceDriver) => {
    await using sandbox = await run(
      { hypervisorConfig: { blockDeviceDriver } },
      { scratchMiB: 64 },
    );
    const { stdout } = await sandbox.exec([
      "sh",
      "-c",
      "dd if=/dev/zero of=/big bs=1M count=40 2>/dev/null; ls -l /big; df -m / | tail -1",
    ]);
    expect(stdout).toContain("41943040");
    const full = await sandbox.exec(["dd", "if=/dev/zero", "of=/more", "bs=1M", "count=100"]);
    expect(full.stderr).toContain("No space left");
  },
);

test("what was written to a scratch disk is there again after a stop and a start", async () => {
  await using sandbox = await run({}, { scratchMiB: 64 });
  await sandbox.exec(["sh", "-c", "echo kept > /file; rm /bin/vi"]);
  await sandbox.stop();
  await sandbox.start();
  const again = await sandbox.exec(["sh", "-c", "cat /file; ls /bin/vi; echo more > /other"]);
  expect(again).toMatchObject({ stdout: "kept\n", exitCode: 0 });
  expect(again.stderr).toContain("No such file");
  // Killed, its file system has a journal.
  await sandbox.exec(["sync"]);
  await sandbox.stop({ force: true });
  await sandbox.start();
  expect((await sandbox.exec(["cat", "/file", "/other"])).stdout).toBe("kept\nmore\n");
});

test.each(["pc", "q35"] as const)("machine type %s", async (hypervisorMachineType) => {
  await using sandbox = await run({
    hypervisorConfig: { hypervisorMachineType, numVCPUs: 2, memoryMiB: 192 },
  });
  expect((await sandbox.exec(["nproc"])).stdout).toBe("2\n");
  await sandbox.createContainer({ id: "hot", image: "busybox", waits: true, scratchMiB: 16 });
  await sandbox.startContainer("hot");
  expect((await sandbox.exec(["echo", "plugged"], { container: "hot" })).stdout).toBe("plugged\n");
});

describe("a folder as the root file system", () => {
  let root: string;
  beforeAll(() => {
    root = mkdtempSync(join(tmpdir(), "vc-root-"));
    mkdirSync(join(root, "bin"));
    for (const name of ["proc", "sys", "dev", "tmp"]) mkdirSync(join(root, name));
    execFileSync("cp", ["/bin/busybox", join(root, "bin/busybox")]);
    execFileSync(join(root, "bin/busybox"), ["--install", "-s", join(root, "bin")]);
    execFileSync("sh", [
      "-c",
      `cd ${root}/bin && for f in *; do [ -L $f ] && ln -sf busybox $f; done`,
    ]);
  });
  afterAll(() => rmSync(root, { recursive: true, force: true }));
  afterEach(() => rmSync(join(root, "written"), { force: true }));

  test("read and write", async () => {
    await using sandbox = await run({
      containers: [{ id: "main", rootFs: { target: root, mounted: true }, waits: true }],
    });
    await sandbox.exec(["sh", "-c", "echo hi > /written"], { check: true });
    expect(readFileSync(join(root, "written"), "utf8")).toBe("hi\n");
  });

  test("read-only holds on the host: the guest can't write, even as root", async () => {
    const rootFs = { target: root, mounted: true, options: ["ro"] };
    await using sandbox = await run({ containers: [{ id: "main", rootFs, waits: true }] });
    const { exitCode, stderr } = await sandbox.exec(["sh", "-c", "echo hi > /written"]);
    expect(exitCode).not.toBe(0);
    expect(stderr).toContain("Read-only");
    expect(existsSync(join(root, "written"))).toBe(false);
  });

  test("nothing of it is left, and the folder is untouched", async () => {
    expect(leftovers(instance)).toEqual([]);
    expect(existsSync(join(root, "bin/busybox"))).toBe(true);
  });
});

describe("what does not come up", () => {
  test("a guest that never answers: the phase, the time and the console", async () => {
    const hypervisorConfig = { kernelParams: [{ key: "init", value: "/no/such/init" }] };
    const failure = run({ hypervisorConfig });
    await expect(failure).rejects.toMatchObject({ code: "BOOT_FAILED", phase: "boot" });
    await failure.catch((error: Error) => expect(error.message).toMatch(/console:[\s\S]*init/));
  });

  test.each([
    ["kernelPath", "/no/such/kernel"],
    ["hypervisorPath", "/no/such/qemu"],
    ["imagePath", "/no/such/image"],
    ["firmwarePath", "/no/such/firmware"],
  ])("a missing %s is named", async (field, path) => {
    await expect(run({ hypervisorConfig: { [field]: path } })).rejects.toMatchObject({
      message: expect.stringContaining(path),
    });
  });

  test("a hypervisor that refuses its options", async () => {
    const hypervisorConfig = { hypervisorParams: [{ key: "no-such-option", value: "" }] };
    await expect(run({ hypervisorConfig })).rejects.toMatchObject({ code: "HYPERVISOR_FAILED" });
  });

  test("an image that is not there", async () => {
    await expect(run({}, { image: "no-such-image", pull: "never" })).rejects.toMatchObject({
      code: "IMAGE_NOT_FOUND",
    });
  });

  test("a root file system that is a file", async () => {
    const rootFs = { target: "/etc/passwd", mounted: true };
    await expect(run({ containers: [{ id: "main", rootFs, waits: true }] })).rejects.toMatchObject({
      code: "INVALID_ARGUMENT",
      field: "containers.0.rootFs.target",
    });
  });

  test("nothing of all that is left", () => {
    expect(leftovers(instance)).toEqual([]);
  });
});

test("a VMM that dies: pending calls end typed, the status is right, and it starts again", async () => {
  await using sandbox = await run();
  const handle = sandbox.exec(["sleep", "1000"]);
  const { vmm } = await sandbox.status();
  process.kill(vmm?.pid ?? 0, "SIGKILL");
  await expect(handle).rejects.toMatchObject({ code: "SANDBOX_DEAD" });
  expect(await sandbox.status()).toMatchObject({
    state: "stopped",
    containersStatus: [{ state: "stopped" }],
  });
  await expect(sandbox.exec(["true"])).rejects.toMatchObject({ code: "SANDBOX_DEAD" });
  await sandbox.start();
  expect((await sandbox.exec(["echo", "back"])).stdout).toBe("back\n");
});

test("a detached container: its log, its exit code, and a VM that powers off by itself", async () => {
  const sandbox = await instance.vc.runSandbox({
    containers: [
      {
        id: "job",
        image: "busybox",
        cmd: { args: ["sh", "-c", "echo out; echo err >&2; exit 5"], detach: true },
      },
    ],
    exitWith: "job",
  });
  let output = "";
  for await (const { stream, data } of sandbox.logs("job", { follow: true }))
    output += `${stream}:${Buffer.from(data)}`;
  expect(output.split("\n").sort()).toEqual(["", "stderr:err", "stdout:out"]);
  const { vmm } = await sandbox.status();
  if (vmm !== undefined) await sandbox.waitProcess("job", "job").catch(() => {});
  await expect
    .poll(async () => (await sandbox.status()).state, { timeout: 20_000 })
    .toBe("stopped");
  expect(await sandbox.statusContainer("job")).toMatchObject({ state: "stopped", exitCode: 5 });
  await sandbox.delete();
  expect(leftovers(instance)).toEqual([]);
});

test("limits of a container hold in the guest", async () => {
  await using sandbox = await run(
    {},
    { resources: { memory: { limit: 64 * 1024 * 1024 }, pids: { limit: 32 } } },
  );
  const { stdout } = await sandbox.exec([
    "sh",
    "-c",
    "cat /sys/fs/cgroup/memory.max /sys/fs/cgroup/pids.max",
  ]);
  expect(stdout).toBe("67108864\n32\n");
});

test("a process that is killed in the middle of a create leaves what reclaim takes back", async () => {
  const script = join(import.meta.dirname, "support", "create-child.ts");
  const child = spawn(
    process.execPath,
    ["--import", "tsx", script, instance.stateDir, instance.dataDir],
    {
      env: { ...process.env, VIRTC_FAILPOINT: "qemu.spawn.after" },
    },
  );
  await once(child, "exit");
  expect(leftovers(instance)).not.toEqual([]);
  expect(await instance.vc.reclaim()).toEqual(["doomed"]);
  expect(leftovers(instance)).toEqual([]);
});
