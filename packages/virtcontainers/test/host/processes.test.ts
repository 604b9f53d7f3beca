import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, symlinkSync } from "node:fs";
import { readdir, readFile, stat, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setImmediate as oneTurn } from "node:timers/promises";
import { expect, onTestFinished, test } from "vitest";
import type { ProcessIdentity } from "../../src/host/process-identity.ts";
import { createHost } from "../../src/host/real.ts";
import { launchCommand } from "../../src/host/spawn.ts";
import { testFolder } from "../support/folder.ts";
import { soon } from "../support/soon.ts";
import { startChild } from "./support/child.ts";

const { processes } = createHost();

async function sleeper(seconds = "600") {
  const folder = await testFolder();
  const child = await processes.spawnDetached({
    path: "/bin/sleep",
    args: [seconds],
    cwd: folder,
    outputPath: join(folder, "output"),
  });
  onTestFinished(async () => void (await processes.signal(child, "SIGKILL")));
  return child;
}

test("a detached process leads its own session and writes to its file, which only we can read", async () => {
  const folder = await testFolder();
  const outputPath = join(folder, "output");
  const child = await processes.spawnDetached({
    path: "/bin/sh",
    args: ["-c", "cut -d' ' -f1,6 /proc/self/stat | tr -d '\\n'; echo; pwd; echo err >&2; exit 7"],
    cwd: folder,
    outputPath,
  });
  expect(await child.exited).toEqual({ code: 7, signal: null });
  const [ids = "", cwd, error] = (await readFile(outputPath, "utf8")).split("\n");
  expect(ids.split(" ")[1]).toBe(String(child.pid));
  expect([cwd, error]).toEqual([folder, "err"]);
  expect((await stat(outputPath)).mode & 0o777).toBe(0o600);
});

test("output is not written through a symlink", async () => {
  const folder = await testFolder();
  const outputPath = join(folder, "output");
  await writeFile(join(folder, "victim"), "");
  await symlink(join(folder, "victim"), outputPath);
  const options = { path: "/bin/true", args: [], cwd: folder, outputPath };
  await expect(processes.spawnDetached(options)).rejects.toMatchObject({ code: "HOST_FAILED" });
});

test.skipIf(process.getuid?.() !== 0)("takes another user's identity (needs root)", async () => {
  const folder = await testFolder();
  const child = await processes.spawnDetached({
    path: "/usr/bin/id",
    args: [],
    cwd: folder,
    outputPath: join(folder, "output"),
    uid: 65_123,
    gid: 65_124,
  });
  await child.exited;
  expect(await readFile(join(folder, "output"), "utf8")).toBe("uid=65123 gid=65124 groups=65124\n");
});

test.each([
  ["that is not there", "none", "no such file"],
  ["that is not executable", "plain", "not executable"],
])("an executable %s is a missing requirement", async (_, name, why) => {
  const cwd = await testFolder();
  await writeFile(join(cwd, "plain"), "#!/bin/sh\n", { mode: 0o644 });
  const path = join(cwd, name);
  const error = { code: "HOST_REQUIREMENT", message: expect.stringContaining(why) };
  await expect(
    processes.spawnDetached({ path, args: [], cwd, outputPath: join(cwd, "o") }),
  ).rejects.toMatchObject(error);
  await expect(processes.run(path, [])).rejects.toMatchObject(error);
  expect(await processes.which(path)).toBeUndefined();
});

test("a pid with another start time is another process", async () => {
  const child = await sleeper();
  const other = { pid: child.pid, startTime: String(Number(child.startTime) + 1) };
  expect(await processes.isAlive(child)).toBe(true);
  expect(await processes.isAlive(other)).toBe(false);
  expect(await processes.signal(other, "SIGKILL")).toBe(false);
  expect(await processes.isAlive(child)).toBe(true);
  expect(await processes.identify(child.pid)).toEqual({
    pid: child.pid,
    startTime: child.startTime,
  });
});

test("a name with spaces and parentheses does not shift the fields", async () => {
  const folder = await testFolder();
  const script = join(folder, "a) S 1 (");
  await symlink("/bin/sleep", script);
  const child = spawn(script, ["600"], { stdio: "ignore" });
  onTestFinished(() => void child.kill("SIGKILL"));
  await once(child, "spawn");
  const identity = await processes.identify(child.pid ?? 0);
  expect(Number(identity?.startTime)).toBeGreaterThan(100);
});

test("waits for its own child and for a process that another one started", async () => {
  const own = await sleeper();
  const parent = startChild("./sleeper-parent.ts");
  const [line] = await once(parent.stdout ?? parent, "data");
  const foreign = await processes.identify(Number(String(line)));
  if (foreign === undefined) throw new Error("the foreign process is not there");
  const gone = Promise.all([processes.waitGone(own, soon()), processes.waitGone(foreign, soon())]);
  expect(await processes.signal(own, "SIGKILL")).toBe(true);
  expect(await processes.signal(foreign, "SIGKILL")).toBe(true);
  await gone;
  expect(await processes.isAlive(own)).toBe(false);
  expect(await processes.isAlive(foreign)).toBe(false);
  await processes.waitGone(foreign, soon());
});

test("waiting for a process ends by its signal, and leaves no descriptor behind", async () => {
  const child = await sleeper();
  const open = () => readdir("/proc/self/fd");
  const before = (await open()).length;
  const reason = new Error("enough");
  for (let round = 0; round < 20; round++) {
    const stop = new AbortController();
    const waiting = processes.waitGone(child, stop.signal);
    stop.abort(reason);
    await expect(waiting).rejects.toBe(reason);
  }
  await new Promise((resolve) => setImmediate(resolve));
  expect((await open()).length).toBeLessThanOrEqual(before + 1);
});

test.each([
  ["a pipe", (path: string) => void execFileSync("mkfifo", [path])],
  ["a device", (path: string) => symlinkSync("/dev/null", path)],
  ["a folder", (path: string) => mkdirSync(path)],
])(
  "%s in the place of its output starts no process, and is not waited for",
  async (_what, make) => {
    const folder = await testFolder();
    const outputPath = join(folder, "output");
    make(outputPath);
    const start = processes.spawnDetached({ path: "/bin/true", args: [], cwd: folder, outputPath });
    await expect(start).rejects.toMatchObject({ code: "HOST_FAILED" });
  },
);

test("finds processes by one whole argument", async () => {
  const marker = `marker-${process.pid}-${Date.now()}`;
  const child = spawn("/bin/sh", ["-c", "read x", marker], { stdio: ["pipe", "ignore", "ignore"] });
  onTestFinished(() => void child.kill("SIGKILL"));
  await once(child, "spawn");
  expect(await processes.findByArgument(marker)).toMatchObject([{ pid: child.pid }]);
  expect(await processes.findByArgument(marker.slice(0, -1))).toEqual([]);
});

test("finds processes by a variable that they were started with", async () => {
  const value = `marker-${process.pid}-${Date.now()}`;
  const env = { PATH: "/bin", MARKER: value };
  const child = spawn("/bin/sh", ["-c", "read x"], { stdio: ["pipe", "ignore", "ignore"], env });
  onTestFinished(() => void child.kill("SIGKILL"));
  await once(child, "spawn");
  expect(await processes.findByVariable({ name: "MARKER", value })).toMatchObject([
    { pid: child.pid },
  ]);
  expect(await processes.findByVariable({ name: "MARKER", value: value.slice(0, -1) })).toEqual([]);
  expect(await processes.findByVariable({ name: "MARK", value })).toEqual([]);
});

test("runs a tool: exit code, both outputs, input", async () => {
  const script = "cat; echo problem >&2; exit 3";
  const result = await processes.run("/bin/sh", ["-c", script], { input: "fed" });
  expect(result).toEqual({ code: 3, stdout: "fed", stderr: "problem\n" });
});

test("keeps a MiB of what a tool says, and lets it finish", async () => {
  const { code, stdout } = await processes.run("/bin/sh", [
    "-c",
    "head -c 5000000 /dev/zero; exit 4",
  ]);
  expect([code, stdout.length]).toEqual([4, 1024 * 1024]);
});

test("a tool and its children end at the deadline", async () => {
  const marker = `run-${process.pid}-${Date.now()}`;
  const script = `sh -c 'read x < /dev/zero; sleep 600' ${marker} & wait`;
  await expect(processes.run("/bin/sh", ["-c", script], { timeoutMs: 300 })).rejects.toMatchObject({
    code: "TIMEOUT",
    phase: "running sh",
  });
  const left = await processes.findByArgument(marker);
  await Promise.all(left.map((process) => processes.waitGone(process, soon())));
});

test("what a tool that has ended left with its output ends at the deadline", async () => {
  const marker = `run-${process.pid}-${Date.now()}`;
  const script = `sh -c 'read x < /dev/zero; sleep 600' ${marker} & exit 0`;
  let leader: ProcessIdentity | undefined;
  const running = processes.run("/bin/sh", ["-c", script], {
    timeoutMs: 300,
    onStart: (started) => {
      leader = started;
    },
  });
  await expect(running).rejects.toMatchObject({ code: "TIMEOUT" });
  if (leader !== undefined) expect(await processes.isAlive(leader)).toBe(false);
  const left = await processes.findByArgument(marker);
  await Promise.all(left.map((process) => processes.waitGone(process, soon())));
});

test("of a group whose leader has ended only what has the mark is killed", async () => {
  const mark = { name: "MARKER", value: `mark-${process.pid}-${Date.now()}` };
  const env = { PATH: "/bin:/usr/bin", [mark.name]: mark.value };
  const started: ProcessIdentity[] = [];
  const onStart = (leader: ProcessIdentity): void => void started.push(leader);
  await processes.run("/bin/sh", ["-c", "sleep 600 > /dev/null 2>&1 &"], { env, onStart });
  const [leader] = started;
  if (leader === undefined) throw new Error("it was not started");
  const [left] = await processes.findByVariable(mark);
  if (left === undefined) throw new Error("it left nothing");
  await processes.killGroup(leader, { ...mark, value: "another" });
  await processes.killGroup({ ...leader, startTime: `${Number(left.startTime) + 1}` }, mark);
  expect(await processes.isAlive(left)).toBe(true);
  await processes.killGroup(leader, mark);
  await processes.waitGone(left, soon());
});

test("looks for a mark only where one can be: not far behind, nor with other users", async () => {
  const marker = `marker-${process.pid}-${Date.now()}`;
  const far = Array<string>(100).fill("x".repeat(1024));
  for (const args of [[marker], [...far, marker]]) {
    const child = spawn("/bin/sh", ["-c", "read x", ...args], {
      stdio: ["pipe", "ignore", "ignore"],
    });
    onTestFinished(() => void child.kill("SIGKILL"));
    await once(child, "spawn");
  }
  expect(await processes.findByArgument(marker)).toHaveLength(1);
  const asked: number[] = [];
  const none = await processes.findByArgument(marker, (uid) => {
    asked.push(uid);
    return false;
  });
  expect([none, asked.includes(process.geteuid?.() ?? 0)]).toEqual([[], true]);
});

test("looks tools up in PATH and in the system's folders", async () => {
  expect(await processes.which("sh")).toMatch(/^\/.*\/sh$/);
  expect(await processes.which("/bin/sh")).toBe("/bin/sh");
  expect(await processes.which("no-such-tool-anywhere")).toBeUndefined();
  expect(await processes.which("/etc")).toBeUndefined();
});

test("a failpoint kills its own process, and only at its name", async () => {
  const child = startChild("./failpoint.ts", [], { VIRTC_FAILPOINT: "second" });
  let said = "";
  child.stdout?.on("data", (data) => {
    said += String(data);
  });
  const [code, signal] = await once(child, "close");
  expect([code, signal, said]).toEqual([null, "SIGKILL", "passed first\n"]);
});

test("a context of SELinux is entered by runcon, as an argument and through no shell", () => {
  const seLinuxLabel = "system_u:system_r:svirt_t:s0:c1,c2";
  const wanted = { path: "/usr/bin/qemu", args: ["-name", "a b"], seLinuxLabel };
  const labelled = ["runcon", seLinuxLabel, "/usr/bin/qemu", "-name", "a b"];
  expect(launchCommand(wanted)).toEqual(labelled);
  const [shell, , , ...args] = launchCommand({ ...wanted, maxFileBytes: 1024 });
  expect([shell, ...args]).toEqual(["/bin/sh", "sh", "2", ...labelled]);
});

const leaderless = `
import ctypes, threading, time
threading.Thread(target=time.sleep, args=(600,)).start()
print("ready", flush=True)
ctypes.CDLL(None).pthread_exit(None)
`;

test("a process is there as long as one of its threads is, though its first one has ended", async () => {
  const child = spawn("/usr/bin/python3", ["-c", leaderless]);
  onTestFinished(() => void child.kill("SIGKILL"));
  await once(child.stdout, "data");
  const { pid = 0 } = child;
  const own = (await processes.identify(pid)) ?? { pid, startTime: "" };
  await expect.poll(() => readFile(`/proc/${pid}/stat`, "utf8")).toContain(") Z ");
  expect(await processes.isAlive(own)).toBe(true);
  const gone = processes.waitGone(own, soon());
  const first = await Promise.race([gone.then(() => "gone"), oneTurn("there")]);
  expect(first).toBe("there");
  expect(await processes.signal(own, "SIGKILL")).toBe(true);
  await gone;
});
