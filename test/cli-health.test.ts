import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, expect, it, onTestFinished } from "vitest";
import { makeBusyboxImage, packLayout } from "./support/images.ts";
import { Virtc } from "./support/virtc.ts";

let virtc: Virtc;
let folder: string;
beforeAll(async () => {
  virtc = await Virtc.create();
  folder = mkdtempSync(join(tmpdir(), "health-"));
  const Healthcheck = { Test: ["CMD-SHELL", "id -u; test -e /works"], Interval: 2e8, Retries: 2 };
  await makeBusyboxImage(join(folder, "app"), { name: "app", config: { Healthcheck } });
  await packLayout(join(folder, "app"), join(folder, "app.tar"));
  await done("image", "import", "--name", "app", join(folder, "app.tar"));
});
afterAll(async () => {
  rmSync(folder, { recursive: true, force: true });
  expect(await virtc.end()).toEqual([]);
});
afterEach(() => virtc.removeAll());

/** Runs a command line that must succeed, and gives what it printed. */
async function done(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await virtc.run(args);
  expect([code, stderr], args.join(" ")).toEqual([0, ""]);
  return stdout;
}

/** Follows the events until these were told. */
async function told(...healths: string[]): Promise<void> {
  const wanted = healths.map((health) => `${health}\n`).join("");
  const format = ["--format", "{{.health}}"];
  const child = virtc.spawn(["events", "--since", "1h", "--filter", "type=health", ...format]);
  onTestFinished(() => void child.kill());
  let text = "";
  child.stdout.on("data", (chunk) => {
    text += chunk;
    if (text.startsWith(wanted)) child.kill();
  });
  await once(child, "close");
}

it("a health check runs in the guest, and ps, inspect and events tell what it says", async () => {
  const state = (name: string) => done("inspect", "-f", "{{json .State.Health}}", name);
  const command = ["busybox", "sleep", "100000"];
  const often = ["--health-interval", "200ms", "--health-retries", "2"];
  const limits = ["--memory", "128m", "--pids-limit", "20"];
  const line = "cat /proc/self/cgroup /sys/fs/cgroup/pids.max; test -e /works";
  await done("run", "-d", "--name", "sick", "--health-cmd", line, ...often, ...limits, ...command);
  await told("unhealthy");
  expect(await done("ps", "--format", "{{.Status}}")).toMatch(/^Up .*\(unhealthy\)\n$/);
  const { Status, FailingStreak, Log } = JSON.parse(await state("sick"));
  expect([Status, FailingStreak >= 2, Log[0].ExitCode]).toEqual(["unhealthy", true, 1]);
  // It is in the container's group, with its limits.
  expect(Log[0].Output).toBe("0::/\n20\n");
  await done("exec", "sick", "touch", "/works");
  await told("unhealthy", "healthy");
  expect(await done("ps", "-q", "--filter", "health=healthy")).toBe("sick\n");
  await done("rm", "-f", "sick");
}, 60_000);

it("an image's health check is run, unless it is left out", async () => {
  await done("run", "-d", "--name", "image", "-u", "77", "app", "sleep", "100000");
  await told("unhealthy");
  const output = "{{(index .State.Health.Log 0).Output}}";
  expect(await done("inspect", "-f", output, "image")).toBe("77\n\n");
  const without = ["run", "-d", "--network", "container:image", "--name", "none"];
  await done(...without, "--no-healthcheck", "app", "sleep", "100000");
  expect(await done("ps", "--format", "{{.Health}}", "--filter", "name=none")).toBe("\n");
}, 60_000);
