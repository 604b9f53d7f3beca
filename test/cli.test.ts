import { spawn } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { Virtc } from "./support/virtc.ts";

let virtc: Virtc;
beforeAll(async () => {
  virtc = await Virtc.create();
});
afterAll(async () => {
  expect(await virtc.end()).toEqual([]);
});
/** So that one failure is not many. */
const removeAll = () => virtc.removeAll();

/** The pid of a sandbox's VMM. */
async function vmmOf(name: string): Promise<number> {
  const { stdout } = await virtc.run(["inspect", name]);
  return JSON.parse(stdout)[0].vmm.pid;
}

const sh = (script: string, ...options: string[]) =>
  virtc.run(["run", "--rm", ...options, "busybox", "sh", "-c", script]);

describe("run", () => {
  afterEach(removeAll);
  it("prints exactly what the command prints", async () => {
    const result = await virtc.run(["run", "--rm", "busybox", "echo", "hello"]);
    expect(result).toMatchObject({ code: 0, stdout: "hello\n", stderr: "" });
  });

  it("passes the exit code through", async () => {
    expect(await sh("exit 7")).toMatchObject({ code: 7, stdout: "", stderr: "" });
  });

  it("passes standard input on with -i", async () => {
    const cat = ["run", "-i", "--rm", "busybox", "cat"];
    expect((await virtc.run(cat, { input: "abc\n" })).stdout).toBe("abc\n");
  });

  it("gives no standard input without -i", async () => {
    const cat = ["run", "--rm", "busybox", "cat"];
    expect(await virtc.run(cat, { input: "abc\n" })).toMatchObject({ code: 0, stdout: "" });
  });

  it("passes 64 MiB of random bytes in and out unchanged", async () => {
    const input = randomBytes(64 * 1024 ** 2);
    const cat = ["run", "-i", "--rm", "--memory", "512m", "busybox", "cat"];
    const { code, stdoutBytes } = await virtc.run(cat, { input });
    expect(code).toBe(0);
    expect(sha256(stdoutBytes)).toBe(sha256(input));
  });

  it("keeps standard output and error apart", async () => {
    const result = await sh("echo out; echo err >&2; printf '\\000\\377' ; exit 3");
    expect(result).toMatchObject({ code: 3, stderr: "err\n" });
    expect(result.stdoutBytes).toEqual(Buffer.from([...Buffer.from("out\n"), 0, 255]));
  });

  it.each([
    [["no-such-command"], 127, "no-such-command"],
    [["/no/such/file"], 127, "/no/such/file"],
    [["/etc/passwd"], 126, "/etc/passwd"],
    [["/etc"], 126, "/etc"],
  ])("%j ends with %d and a message", async (command, code, named) => {
    const result = await virtc.run(["run", "--rm", "busybox", ...command]);
    expect(result).toMatchObject({ code, stdout: "" });
    expect(result.stderr).toMatch(/^virtc: /);
    expect(result.stderr).toContain(named);
  });

  it("sets environment, folder, user and host name", async () => {
    const result = await virtc.run(
      [
        ...["run", "--rm", "-e", "A=1 2", "-e", "HERE", "-w", "/tmp", "-u", "1234:5678"],
        ...["--hostname", "box", "busybox", "sh", "-c"],
        'echo "$A,$HERE,$(pwd),$(id -u):$(id -g),$(hostname)"',
      ],
      { env: { HERE: "there" } },
    );
    expect(result).toMatchObject({ code: 0, stdout: "1 2,there,/tmp,1234:5678,box\n" });
  });

  it("gives the VM the CPUs and memory that are asked for", async () => {
    const { stdout } = await sh(
      "nproc; awk '/MemTotal/ {print $2}' /proc/meminfo",
      "--cpus",
      "2",
      "--memory",
      "512m",
    );
    const [cpus, kib] = stdout.split("\n").map(Number);
    expect(cpus).toBe(2);
    expect(kib).toBeGreaterThan(420_000);
    expect(kib).toBeLessThan(524_288);
  });

  it("writes to the root file system, unless it is read-only", async () => {
    expect(await sh("echo x > /new && cat /new")).toMatchObject({ code: 0, stdout: "x\n" });
    const refused = await sh("echo x > /new", "--read-only");
    expect(refused.code).not.toBe(0);
    expect(refused.stderr).toContain("Read-only file system");
  });

  it("replaces the entry point", async () => {
    const result = await virtc.run(["run", "--rm", "--entrypoint", "echo", "busybox", "a", "b"]);
    expect(result).toMatchObject({ code: 0, stdout: "a b\n" });
  });

  it("stops a container whose time is over", async () => {
    const result = await sh(
      "trap 'exit 1' TERM; echo up; while :; do sleep 1; done",
      "--timeout",
      "2s",
    );
    expect(result).toMatchObject({ code: 124, stdout: "up\n" });
    expect(result.stderr).toContain("--timeout");
  });

  it("keeps a container that ended listed, with its exit code, until rm", async () => {
    expect((await virtc.run(["run", "--name", "kept", "busybox", "false"])).code).toBe(1);
    const rows = await listed();
    expect(rows).toMatchObject([{ sandbox: "kept", state: "stopped", exitCode: 1, vmmPid: null }]);
    expect((await virtc.run(["ps", "-q"])).stdout).toBe("");
    expect(await virtc.run(["rm", "kept"])).toMatchObject({ code: 0, stdout: "kept\n" });
    expect(virtc.leftovers()).toEqual([]);
  });
});

describe("run --rootfs", () => {
  afterEach(removeAll);
  it("runs a folder, read-write and read-only", async () => {
    const folder = join(virtc.folder, "root");
    await mkdir(join(folder, "bin"), { recursive: true });
    for (const name of ["proc", "sys", "dev", "tmp"]) await mkdir(join(folder, name));
    await writeFile(join(folder, "bin/busybox"), await readFile("/bin/busybox"), { mode: 0o755 });
    const script = "/bin/busybox echo x > /made && /bin/busybox cat /made";
    const args = (mode: string) => [
      "--rootfs",
      `${folder}${mode}`,
      "/bin/busybox",
      "sh",
      "-c",
      script,
    ];
    const written = await virtc.run(["run", "--rm", ...args("")]);
    expect(written).toMatchObject({ code: 0, stdout: "x\n" });
    expect(await readFile(join(folder, "made"), "utf8")).toBe("x\n");
    await writeFile(join(folder, "made"), "before");
    const refused = await virtc.run(["run", "--rm", ...args(":ro")]);
    expect(refused.code).not.toBe(0);
    expect(await readFile(join(folder, "made"), "utf8")).toBe("before");
  });
});

describe("signals and pipes", () => {
  afterEach(removeAll);
  it("hands SIGINT and SIGTERM to the container", async () => {
    for (const signal of ["SIGINT", "SIGTERM"] as const) {
      const script = `trap 'echo got; exit 5' ${signal.slice(3)}; echo ready; while :; do sleep 0.1; done`;
      const child = virtc.spawn(["run", "--rm", "busybox", "sh", "-c", script]);
      let out = "";
      child.stdout.on("data", (chunk) => {
        out += chunk;
        if (out === "ready\n") child.kill(signal);
      });
      await once(child, "close");
      expect([child.exitCode, out]).toEqual([5, "ready\ngot\n"]);
    }
  });

  it("kills the container at the second SIGINT", async () => {
    const script = "trap 'echo once' INT; echo ready; while :; do sleep 0.1; done";
    const child = virtc.spawn(["run", "--rm", "busybox", "sh", "-c", script]);
    child.stdout.on("data", () => child.kill("SIGINT"));
    await once(child, "close");
    expect(child.exitCode).toBe(137);
  });

  it("end a run and its VM when the guest is silent", async () => {
    const ready = ["sh", "-c", "echo ready; exec sleep 1000"];
    const child = virtc.spawn(["run", "--rm", "--name", "silent", "busybox", ...ready]);
    const stderr = child.stderr.toArray();
    await once(child.stdout, "data");
    process.kill(await vmmOf("silent"), "SIGSTOP");
    const closed = once(child, "close");
    child.kill("SIGTERM");
    await closed;
    expect(child.exitCode).toBe(143);
    expect(Buffer.concat(await stderr).toString()).toBe(
      "virtc: the guest does not answer SIGTERM\nIts VM was ended.\n",
    );
    expect(virtc.leftovers()).toEqual([]);
  });

  it("end an exec, logs -f, top, stats and cp when the guest is silent", async () => {
    await virtc.run(["run", "-d", "--name", "silent", "busybox", "sleep", "1000"]);
    const child = virtc.spawn(["exec", "silent", "sh", "-c", "echo ready; exec sleep 1000"]);
    await once(child.stdout, "data");
    const vmm = await vmmOf("silent");
    process.kill(vmm, "SIGSTOP");
    const others = [
      ["logs", "-f", "silent"],
      ["top", "--live", "silent"],
      ["stats", "silent"],
      ["cp", "silent:/etc", "copy"],
    ].map((words) => virtc.spawn(words));
    for (const other of others) {
      const closed = once(other, "close");
      // A signal that comes while the program loads ends it too.
      other.kill("SIGINT");
      await closed;
    }
    const closed = once(child, "close");
    for (const signal of ["SIGINT", "SIGINT"] as const) child.kill(signal);
    await closed;
    expect(child.exitCode).toBe(130);
    process.kill(vmm, "SIGCONT");
    await virtc.run(["rm", "-f", "silent"]);
  });

  it("ends cleanly at Ctrl-C before the container runs", async () => {
    const made = virtc.sandboxMade("early");
    const child = virtc.spawn(["run", "--rm", "--name", "early", "busybox", "sleep", "100"]);
    await made;
    child.kill("SIGINT");
    await once(child, "close");
    expect([child.exitCode, child.signalCode]).toEqual([130, null]);
    expect(await listed()).toEqual([]);
  });

  it("ends quietly when nobody reads its output", async () => {
    const child = virtc.spawn(["run", "--rm", "busybox", "yes"]);
    let err = "";
    child.stderr.on("data", (chunk) => {
      err += chunk;
    });
    child.stdout.once("data", () => child.stdout.destroy());
    await once(child, "close");
    expect([child.exitCode, err]).toEqual([141, ""]);
    expect(await listed()).toEqual([]);
  });

  it("writes no faster than it is read", async () => {
    const child = virtc.spawn([
      "run",
      "--rm",
      "busybox",
      "sh",
      "-c",
      "head -c 8000000 /dev/zero; echo end",
    ]);
    await once(child.stdout, "readable");
    const hash = createHash("sha256");
    let length = 0;
    for await (const chunk of child.stdout) {
      hash.update(chunk);
      length += chunk.length;
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(length).toBe(8_000_004);
    expect(hash.digest("hex")).toBe(
      sha256(Buffer.concat([Buffer.alloc(8_000_000), Buffer.from("end\n")])),
    );
  });
});

describe("detached containers", () => {
  afterEach(removeAll);
  it("run without their client; other processes list, enter, read, stop and remove them", async () => {
    const script =
      "echo one; echo two >&2; trap 'echo bye; exit 4' TERM; while :; do sleep 0.1; done";
    const started = await virtc.run(["run", "-d", "--name", "web", "busybox", "sh", "-c", script]);
    expect(started).toMatchObject({ code: 0, stdout: "web\n", stderr: "" });
    expect(await listed()).toMatchObject([{ sandbox: "web", state: "running", image: "busybox" }]);
    const inside = await virtc.run(["exec", "web", "sh", "-c", "echo in; echo err >&2; exit 9"]);
    expect(inside).toMatchObject({ code: 9, stdout: "in\n", stderr: "err\n" });
    expect(await virtc.run(["stop", "web"])).toMatchObject({ code: 0, stdout: "web\n" });
    expect(await virtc.run(["logs", "web"])).toMatchObject({
      stdout: "one\nbye\n",
      stderr: "two\n",
    });
    expect(await listed()).toMatchObject([{ state: "stopped", exitCode: 4 }]);
    expect((await virtc.run(["wait", "web"])).stdout).toBe("4\n");
    const refused = await virtc.run(["exec", "web", "true"]);
    expect(refused.code).toBe(125);
    expect(refused.stderr).toMatch(/^virtc: .*stopped/);
    expect((await virtc.run(["rm", "web"])).code).toBe(0);
    expect(virtc.leftovers()).toEqual([]);
  });

  it("power their VM off when they end, and go with --rm", async () => {
    await virtc.run([
      "run",
      "-d",
      "--rm",
      "--name",
      "short",
      "busybox",
      "sh",
      "-c",
      "echo x; exit 6",
    ]);
    const waited = await virtc.run(["wait", "short"]);
    expect(waited).toMatchObject({ code: 0, stdout: "6\n" });
    expect(await listed()).toEqual([]);
    expect(virtc.leftovers()).toEqual([]);
  });

  it("are followed by logs -f until they end", async () => {
    const script = "i=0; while [ $i -lt 5 ]; do echo line $i; i=$((i+1)); sleep 0.2; done";
    const begun = await virtc.run(["run", "-d", "--name", "count", "busybox", "sh", "-c", script]);
    expect(begun).toMatchObject({ code: 0, stderr: "" });
    const all = await virtc.run(["logs", "-f", "count"]);
    expect(all).toMatchObject({ code: 0, stdout: "line 0\nline 1\nline 2\nline 3\nline 4\n" });
    expect((await virtc.run(["logs", "--tail", "2", "count"])).stdout).toBe("line 3\nline 4\n");
    expect((await virtc.run(["logs", "--timestamps", "--tail", "1", "count"])).stdout).toMatch(
      /^\d{4}-\d\d-\d\dT[\d:.]+Z line 4\n$/,
    );
    await virtc.run(["rm", "-f", "count"]);
  });

  it("take signals from kill, and are removed by rm -f", async () => {
    const script = "trap 'echo usr' USR1; echo ready; while :; do sleep 0.1; done";
    const started = await virtc.run(["run", "-d", "--name", "sig", "busybox", "sh", "-c", script]);
    expect(started).toMatchObject({ code: 0, stderr: "" });
    const follow = virtc.spawn(["logs", "-f", "sig"]);
    const closed = once(follow, "close");
    const [ready] = await once(follow.stdout, "data");
    expect(String(ready)).toBe("ready\n");
    const written = once(follow.stdout, "data");
    expect(await virtc.run(["kill", "-s", "USR1", "sig"])).toMatchObject({ code: 0, stderr: "" });
    expect(String(await written)).toBe("usr\n");
    const refused = await virtc.run(["rm", "sig"]);
    expect(refused).toMatchObject({ code: 125, stderr: expect.stringContaining("virtc rm -f") });
    expect((await virtc.run(["rm", "-f", "sig"])).code).toBe(0);
    await closed;
    expect(virtc.leftovers()).toEqual([]);
  });

  it("outlive a client that is killed", async () => {
    const script = "echo before; while :; do sleep 0.1; done";
    const child = virtc.spawn(["run", "--name", "orphan", "busybox", "sh", "-c", script]);
    await once(child.stdout, "data");
    child.kill("SIGKILL");
    await once(child, "close");
    expect(await listed()).toMatchObject([{ sandbox: "orphan", state: "running" }]);
    expect((await virtc.run(["exec", "orphan", "echo", "alive"])).stdout).toBe("alive\n");
    expect(await virtc.run(["stop", "-t", "0", "orphan"])).toMatchObject({ code: 0, stderr: "" });
    expect(await listed()).toMatchObject([{ state: "stopped", exitCode: 137 }]);
    expect((await virtc.run(["rm", "orphan"])).code).toBe(0);
    expect(virtc.leftovers()).toEqual([]);
  });
});

describe("exec", () => {
  beforeAll(async () => {
    await virtc.run(["run", "-d", "--name", "house", "busybox", "sleep", "1000"]);
  });
  afterAll(async () => {
    await virtc.run(["rm", "-f", "house"]);
  });

  it("passes input, environment, folder and user", async () => {
    const script = 'cat; echo "$A $(pwd) $(id -u)"';
    const result = await virtc.run(
      ["exec", "-i", "-e", "A=x", "-w", "/tmp", "-u", "99", "house", "sh", "-c", script],
      { input: "in\n" },
    );
    expect(result).toMatchObject({ code: 0, stdout: "in\nx /tmp 99\n", stderr: "" });
  });

  it("ends with 127 and 126 as run does", async () => {
    expect((await virtc.run(["exec", "house", "no-such-command"])).code).toBe(127);
    expect((await virtc.run(["exec", "house", "/etc/passwd"])).code).toBe(126);
  });

  it("runs from several processes at once, each with its own output and code", async () => {
    const codes = [11, 12, 13, 14];
    const results = await Promise.all(
      codes.map((n) => virtc.run(["exec", "house", "sh", "-c", `echo ${n}; exit ${n}`])),
    );
    expect(results.map(({ code, stdout }) => [code, stdout])).toEqual(
      codes.map((n) => [n, `${n}\n`]),
    );
  });

  it("does not wait for ever for a child that holds its output open", async () => {
    const result = await virtc.run(["exec", "house", "sh", "-c", "sleep 1000 & echo done"]);
    expect(result).toMatchObject({ code: 0, stdout: "done\n" });
  });

  it("leaves a command running with -d", async () => {
    const script = "mkfifo /tmp/go /tmp/back; cat /tmp/go > /tmp/back";
    expect(await virtc.run(["exec", "-d", "house", "sh", "-c", script])).toMatchObject({
      code: 0,
      stdout: "",
    });
    const answer =
      "until [ -p /tmp/back ]; do sleep 0.1; done; echo there > /tmp/go & cat /tmp/back";
    expect((await virtc.run(["exec", "house", "sh", "-c", answer])).stdout).toBe("there\n");
  });
});

describe("a terminal", () => {
  afterEach(removeAll);
  it("has the size of ours, follows it, and takes Ctrl-C", async () => {
    const script =
      "stty size; trap 'stty size' WINCH; trap 'echo int; exit 9' INT; echo ready; while :; do sleep 0.1; done";
    const args = ["run", "--rm", "-it", "busybox", "sh", "-c", script];
    const terminal = await virtc.terminal(args, { rows: 33, columns: 101 });
    await terminal.until(/33 101\r\nready/);
    await terminal.resize(44, 122);
    await terminal.until(/44 122/);
    terminal.type("\u0003");
    expect(await terminal.ended).toBe(9);
    expect(terminal.text).toContain("int");
    expect(terminal.text).not.toContain("\r\r");
    expect(terminal.settings).toMatch(/^opost .*^isig icanon .* echo /ms);
  });

  it("is restored, and left by Ctrl-P Ctrl-Q while the container goes on", async () => {
    const args = ["run", "-it", "--name", "left", "busybox", "sh"];
    const terminal = await virtc.terminal(args);
    terminal.type("echo $((40+2))\r");
    await terminal.until(/42\r\n/);
    expect(await terminal.stty("-a")).toContain("-icanon");
    terminal.type("\u0010\u0011");
    expect(await terminal.ended).toBe(0);
    expect(terminal.settings).toMatch(/^opost .*^isig icanon .* echo /ms);
    expect(await listed()).toMatchObject([{ sandbox: "left", state: "running" }]);
    expect((await virtc.run(["exec", "left", "echo", "there"])).stdout).toBe("there\n");
    expect((await virtc.run(["rm", "-f", "left"])).code).toBe(0);
  });

  it("serves exec -it", async () => {
    await virtc.run(["run", "-d", "--name", "room", "busybox", "sleep", "1000"]);
    const terminal = await virtc.terminal(["exec", "-it", "room", "sh"], { rows: 20, columns: 70 });
    terminal.type("stty size; tty; exit 3\r");
    expect(await terminal.ended).toBe(3);
    expect(terminal.text).toMatch(/20 70\r\n\/dev\/pts\/\d/);
    await virtc.run(["rm", "-f", "room"]);
  });
});

describe("bad input creates nothing", () => {
  afterEach(removeAll);
  it.each([
    [["run", "--no-such-option", "busybox"], /unknown option '--no-such-option'/],
    [["run", "--name", "a/b", "busybox"], /--name: "a\/b" is not allowed/],
    [["run", "--name", "..", "busybox"], /--name: ".." is not allowed/],
    [["run", "--name", "-x", "busybox"], /--name: "-x" is not allowed/],
    [["run", "--name", "x".repeat(300), "busybox"], /--name: "x+\.\.\." is not allowed/],
    [["run", "--memory", "0", "busybox"], /--memory: "0" is not allowed/],
    [["run", "--memory", "-1", "busybox"], /--memory: "-1" is not allowed/],
    [["run", "--memory", "10t", "busybox"], /--memory: "10t" is not allowed/],
    [["run", "--memory", "abc", "busybox"], /--memory: "abc" is not allowed/],
    [["run", "--cpus", "0", "busybox"], /--cpus: "0" is not allowed/],
    [["run", "--kernel", "/no/vmlinux", "busybox"], /--kernel.*\/no\/vmlinux/],
    [["run", "--hypervisor", "/no/qemu", "busybox"], /\/no\/qemu/],
    [["run", "--hypervisor", "/bin/false", "busybox"], /QEMU ended with exit code 1/],
    [["run", "--pull", "never", "no-such-image", "true"], /no-such-image/],
    [["run", "--rootfs", "/etc/passwd", "true"], /--rootfs.*\/etc\/passwd/],
    [["run", "--rootfs", "/no/folder", "true"], /--rootfs.*\/no\/folder/],
    [["stop", "no-such-name"], /no-such-name/],
    [["stop", "../x"], /\.\.\/x/],
    [["exec", "no-such-name", "true"], /no-such-name/],
    [["logs", "no-such-name"], /no-such-name/],
    [["rm", "no-such-name"], /no-such-name/],
    [["image", "inspect", "no-such-image"], /no-such-image/],
    [["image", "import", "/no/archive.tar"], /\/no\/archive.tar/],
  ])("%j", async (args, message) => {
    const { code, stdout, stderr } = await virtc.run(args);
    expect(code).toBe(125);
    expect(stderr).toMatch(/^virtc: /);
    expect(stderr).toMatch(message);
    expect(stderr.match(/virtc: /g)).toHaveLength(1);
    expect(stderr).not.toMatch(/unexpected error|at file:|node:internal/);
    expect(stdout.replace("[]\n", "")).toBe("");
    expect(virtc.leftovers()).toEqual([]);
  });

  it("keeps its words from Node.js", async () => {
    const code = join(virtc.folder, "code.cjs");
    await writeFile(code, "console.log('ran'); process.exit(9)");
    await writeFile(join(virtc.folder, "file.env"), `NODE_OPTIONS=--require=${code}\n`);
    const config = JSON.stringify({ nodeOptions: { import: [code] } });
    await writeFile(join(virtc.folder, "node.config.json"), config);
    for (const words of [
      ["exec", "--env-file", "file.env", "nobody", "true"],
      ["exec", "nobody", "true", "--env-file=file.env"],
      ["exec", "nobody", "true", "--experimental-config-file=node.config.json"],
      ["exec", "nobody", "true", "--experimental-default-config-file"],
    ]) {
      const { code, stdout, stderr } = await virtc.run(words);
      expect([words, code, stdout]).toEqual([words, 125, ""]);
      expect(stderr).toMatch(/^virtc: .*nobody/);
    }
    const missing = await virtc.run(["run", "--env-file", "/nosuch", "busybox", "true"]);
    expect(missing.code).toBe(125);
    expect(missing.stderr).toMatch(/^virtc: --env-file: can't read \/nosuch/);
  });

  it.each([
    [["ps", "-a"]],
    [["--help"]],
    [["version"]],
    [["image", "ls", "--json"]],
    [["completion", "bash"]],
    [["run", "--rm", "busybox", "echo", "x"]],
  ])("is told where the output of %j can't be written", async (args) => {
    const full = ["-c", 'exec "$0" "$@" > /dev/full', virtc.path, ...args];
    const child = spawn("sh", full, { env: virtc.env, stdio: ["ignore", "ignore", "pipe"] });
    const stderr = child.stderr.toArray();
    await once(child, "close");
    expect(child.exitCode).toBe(125);
    expect(Buffer.concat(await stderr).toString()).toMatch(
      /^virtc: can't write the output: .*ENOSPC.*\n$/,
    );
  });

  it("refuses a name in use and leaves its holder alone", async () => {
    await virtc.run(["run", "-d", "--name", "holder", "busybox", "sleep", "1000"]);
    const refused = await virtc.run(["run", "--rm", "--name", "holder", "busybox", "true"]);
    expect(refused.code).toBe(125);
    expect(refused.stderr).toMatch(/^virtc: .*holder/);
    expect((await virtc.run(["exec", "holder", "echo", "here"])).stdout).toBe("here\n");
    await virtc.run(["rm", "-f", "holder"]);
  });
});

describe("images", () => {
  it("are listed, inspected and completed", async () => {
    const { stdout } = await virtc.run(["image", "ls"]);
    expect(stdout).toMatch(/^NAME .*\nbusybox:latest +[0-9a-f]{12} +linux\/amd64/);
    const inspected: unknown = JSON.parse(
      (await virtc.run(["image", "inspect", "busybox"])).stdout,
    );
    expect(inspected).toMatchObject([{ names: ["busybox:latest"], config: { cmd: ["sh"] } }]);
    const words = await virtc.run(["__complete", "--", "run", "bu"]);
    expect(words.stdout).toBe("busybox:latest\timage\n");
  });
});

async function listed(): Promise<unknown> {
  return JSON.parse((await virtc.run(["ps", "-a", "--json"])).stdout);
}

function sha256(data: Uint8Array): string {
  return createHash("sha256").update(data).digest("hex");
}
