/** Sandbox.create with all that it can be told, as the container sees it. */
import { randomUUID } from "node:crypto";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Sandbox, type SandboxOptions, VirtContainers } from "virtcontainers";
import { afterAll, beforeAll, expect, test, vi } from "vitest";

const folder = mkdtempSync(join(tmpdir(), "vc-short-"));

beforeAll(() => {
  chmodSync(folder, 0o711);
  vi.stubEnv("VIRTC_STATE_DIR", join(folder, "state"));
  vi.stubEnv("VIRTC_DATA_DIR", join(folder, "data"));
});
afterAll(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true, force: true });
});

test("a sandbox is as Sandbox.create was told, is found by its labels, and is gone at the end", async () => {
  const source = join(folder, "note");
  writeFileSync(source, "from the host\n");
  const name = `cache-${randomUUID()}`;
  const { volumes } = new VirtContainers();
  await volumes.create({ name });
  const labels = { "example.com/role": "worker" };
  const options: SandboxOptions = {
    network: "none",
    hostname: "worker-1",
    labels,
    env: { GREETING: "hello" },
    workDir: "/tmp",
    user: "1000:1000",
    mounts: [
      { type: "bind", source, destination: "/note", readOnly: true },
      { type: "tmpfs", destination: "/memory", sizeMiB: 4, options: ["mode=1777"] },
    ],
    volumes: { "/data": name },
    readonlyRootfs: true,
    pids: 32,
    capabilities: { drop: ["ALL"] },
    containers: [{ id: "side", image: "busybox", waits: true }],
  };
  {
    await using sandbox = await Sandbox.create(options);
    const script = [
      "hostname; pwd; id -u; echo $GREETING; cat /note",
      "touch /x 2>/dev/null || echo read-only; touch /memory/x && echo written",
      "grep CapBnd /proc/self/status; cat /sys/fs/cgroup/pids.max; grep -c ' /data ' /proc/mounts",
    ].join("; ");
    const { stdout } = await sandbox.exec(["sh", "-c", script], { check: true });
    expect(stdout.split("\n")).toEqual([
      "worker-1",
      "/tmp",
      "1000",
      "hello",
      "from the host",
      "read-only",
      "written",
      "CapBnd:\t0000000000000000",
      "32",
      "1",
      "",
    ]);
    const beside = await sandbox.exec(["echo", "beside"], { container: "side", check: true });
    expect(beside.stdout).toBe("beside\n");
    const found = await Sandbox.list({ labels, state: "running" });
    expect(found.map(({ id }) => id)).toEqual([sandbox.id]);
    await sandbox.pause();
    {
      await using again = await Sandbox.connect(sandbox.id);
      expect((await again.exec(["hostname"])).stdout).toBe("worker-1\n");
    }
  }
  expect(await Sandbox.list()).toEqual([]);
  await volumes.remove(name);
});
