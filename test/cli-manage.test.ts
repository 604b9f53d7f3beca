import { once } from "node:events";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import type { Result } from "./support/result.ts";
import { Virtc } from "./support/virtc.ts";

let virtc: Virtc;
beforeAll(async () => {
  virtc = await Virtc.create();
});
afterAll(async () => {
  expect(await virtc.end()).toEqual([]);
});
afterEach(() => virtc.removeAll());

/** Runs a command line that must succeed, and gives what it printed. */
async function done(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await virtc.run(args);
  expect([code, stderr], args.join(" ")).toEqual([0, ""]);
  return stdout;
}

async function refused(...args: string[]): Promise<Result> {
  const result = await virtc.run(args);
  expect(result.code, args.join(" ")).toBe(125);
  expect(result.stderr).toMatch(/^virtc: /);
  return result;
}

describe("a container that runs", () => {
  it("is paused, resumed, resized, measured and looked into", async () => {
    const counter = "i=0; while :; do i=$((i + 1)); echo $i; sleep 0.02; done";
    await done("run", "-d", "--name", "web", "--memory", "512m", "busybox", "sh", "-c", counter);
    const counted = async () => Number((await done("logs", "--tail", "1", "web")).trim() || "0");
    await until(/^3$/m);

    expect(await done("pause", "web")).toBe("web\n");
    expect(JSON.parse(await done("ps", "--json"))).toMatchObject([{ state: "paused" }]);
    const halted = await counted();
    expect((await refused("exec", "web", "true")).stderr).toContain("paused");
    expect(await done("stats", "--no-stream", "web")).toMatch(/^web +web +-- /m);
    expect(await counted()).toBe(halted);
    expect(await done("resume", "web")).toBe("web\n");
    await until(new RegExp(`^${halted + 3}$`, "m"));

    const inside = async () => {
      const script = "nproc; awk '/MemTotal/ {print $2}' /proc/meminfo";
      return (await done("exec", "web", "sh", "-c", script)).trim().split("\n").map(Number);
    };
    const [cpusBefore, kibBefore = 0] = await inside();
    expect(cpusBefore).toBe(1);
    await done("update", "--cpus", "2", "--memory", "1024m", "web");
    const [cpus, kib = 0] = await inside();
    expect(cpus).toBe(2);
    expect(kib - kibBefore).toBeGreaterThan(500_000);
    await done("update", "--cpus", "0.5", "--pids-limit", "40", "web");
    const limits = await done(
      "debug",
      "web",
      "--",
      "sh",
      "-c",
      "cat /sys/fs/cgroup/*/web/pids.max",
    );
    expect(limits).toBe("40\n");

    expect(await done("top", "web")).toMatch(/CMD\n(.*\n)*.*sh -c i=0;/);
    expect(JSON.parse(await done("top", "--json", "web"))).toContainEqual(
      expect.objectContaining({ user: "root", command: expect.stringContaining("i=0;") }),
    );
    const rows: unknown = JSON.parse(await done("stats", "--no-stream", "--json"));
    expect(rows).toMatchObject([{ sandbox: "web", container: "web" }]);
    expect(rows).not.toMatchObject([{ cpuPercent: 0 }]);
    expect(rows).not.toMatchObject([{ memoryBytes: 0 }]);

    expect(
      await virtc.run(["debug", "web", "--", "sh", "-c", "cat /proc/1/comm; exit 4"]),
    ).toMatchObject({
      code: 4,
      stderr: "",
    });
    expect(await virtc.run(["debug", "web", "nosuch"])).toMatchObject({ code: 127, stdout: "" });
    expect((await refused("debug", "web")).stderr).toContain("needs a terminal");

    /** Follows the log until the pattern was printed. */
    async function until(pattern: RegExp): Promise<void> {
      const child = virtc.spawn(["logs", "-f", "web"]);
      let text = "";
      child.stdout.on("data", (chunk) => {
        text += chunk;
        if (pattern.test(text)) child.kill();
      });
      await once(child, "close");
    }
  });
});

describe("a sandbox with containers", () => {
  it("is created, started, looked at, stopped and deleted, part by part", async () => {
    const config = {
      id: "pod1",
      hypervisorConfig: { memoryMiB: 384 },
      annotations: { made: "here" },
    };
    const made = await virtc.run(["sandbox", "create", "--config", "-", "--cpus", "1"], {
      input: JSON.stringify(config),
    });
    expect(made).toMatchObject({ code: 0, stdout: "pod1\n", stderr: "" });
    expect(await done("sandbox", "list")).toMatch(/^pod1 +ready +qemu +1 +384MiB +0 /m);
    const image = ["--image", "busybox"];
    const script = "trap 'exit 5' TERM; echo up; while :; do sleep 0.1; done";
    await done(
      "container",
      "create",
      "--id",
      "c1",
      ...image,
      "-m",
      "64m",
      "pod1",
      "sh",
      "-c",
      script,
    );
    expect((await refused("container", "create", "--id", "c1", ...image, "pod1")).stderr).toContain(
      "c1",
    );
    await done("sandbox", "start", "pod1");
    await done("container", "create", "--id", "c2", ...image, "--waits", "pod1");
    await done("container", "start", "pod1", "c2");
    expect(JSON.parse(await done("sandbox", "status", "--json", "pod1"))).toMatchObject([
      {
        state: "running",
        annotations: { made: "here" },
        containersStatus: [
          { id: "c1", state: "running" },
          { id: "c2", state: "running" },
        ],
      },
    ]);
    const entered = [
      "container",
      "enter",
      "-e",
      "A=1",
      "pod1",
      "c2",
      "sh",
      "-c",
      "echo $A; exit 7",
    ];
    expect(await virtc.run(entered)).toMatchObject({ code: 7, stdout: "1\n", stderr: "" });
    expect(await done("container", "ps", "pod1", "c1", "-o", "args")).toContain(
      "trap 'exit 5' TERM",
    );
    const stats: unknown = JSON.parse(
      await done("container", "stats", "--no-stream", "--json", "pod1"),
    );
    expect(stats).toMatchObject([
      { container: "c1", memoryLimitBytes: 64 * 1024 ** 2 },
      { container: "c2", pids: 1 },
    ]);
    expect(await done("sandbox", "stats", "--no-stream", "pod1")).toMatch(
      /^pod1 +[\d.]+% +[\d.]+MiB$/m,
    );
    await done("container", "pause", "pod1", "c2");
    expect(await done("container", "status", "pod1", "c2")).toMatch(/^pod1 +c2 +paused /m);
    await done("container", "resume", "pod1", "c2");
    expect((await refused("container", "delete", "pod1", "c1")).stderr).toContain(
      "delete -f pod1 c1",
    );
    await done("container", "stop", "pod1", "c1");
    expect(JSON.parse(await done("container", "status", "--json", "pod1", "c1"))).toMatchObject([
      { state: "stopped", exitCode: 5 },
    ]);
    await done("container", "delete", "pod1", "c1");
    expect((await refused("sandbox", "delete", "pod1")).stderr).toContain("delete -f pod1");
    await done("sandbox", "stop", "-t", "0", "pod1");
    await done("pod", "delete", "pod1");
    expect(virtc.leftovers()).toEqual([]);
  });
});

describe("live screens", () => {
  it("are redrawn until q or Ctrl-C, and give the terminal back", async () => {
    await done("run", "-d", "--name", "web", "busybox", "sleep", "1000");
    for (const [command, shown, key] of [
      ["top", /sleep 1000/, "q"],
      ["stats", /MEM USAGE/, "\u0003"],
    ] as const) {
      const terminal = await virtc.terminal([command, "web"]);
      await terminal.until(shown);
      terminal.type(key);
      expect(await terminal.ended).toBe(0);
      expect(terminal.text).toContain("\u001b[?25h\u001b[?1049l");
      expect(terminal.settings).toMatch(/ icanon .* echo /s);
    }
    const shell = await virtc.terminal(["debug", "web"], { rows: 30, columns: 90 });
    await shell.until(/guest# /);
    shell.type("stty size; exit 6\r");
    expect(await shell.ended).toBe(6);
    expect(shell.text).toContain("30 90");
  });
});
