import { once } from "node:events";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import type { Result } from "./support/virtc.ts";
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
    await until("/^3$/m");

    expect(await done("pause", "web")).toBe("web\n");
    expect(JSON.parse(await done("ps", "--json"))).toMatchObject([{ state: "paused" }]);
    const halted = await counted();
    expect((await refused("exec", "web", "true")).stderr).toContain("paused");
    expect(await done("stats", "--no-stream", "web")).toMatch(/^web +web +-- /m);
    expect(await counted()).toBe(halted);
    expect(await done("resume", "web")).toBe("web\n");
    await until(`/^${halted + 3}$/m`);

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
    const [row] = JSON.parse(await done("stats", "--no-stream", "--json"));
    expect(row).toMatchObject({ sandbox: "web", container: "web" });
    expect(row.cpuPercent).toBeGreaterThan(0);
    expect(row.memoryBytes).toBeGreaterThan(0);

    expect(
      await virtc.run(["debug", "web", "--", "sh", "-c", "cat /proc/1/comm; exit 4"]),
    ).toMatchObject({
      code: 4,
      stderr: "",
    });
    expect((await refused("debug", "web")).stderr).toContain("needs a terminal");

    /** Follows the log until the pattern was printed. */
    async function until(pattern: string): Promise<void> {
      const child = virtc.spawn(["logs", "-f", "web"]);
      const wanted = new RegExp(pattern.slice(1, -2), "m");
      let text = "";
      child.stdout.on("data", (chunk) => {
        text += chunk;
        if (wanted.test(text)) child.kill();
      });
      await once(child, "close");
    }
  });
});
