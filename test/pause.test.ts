import { afterAll, beforeAll, expect, test } from "vitest";
import { type TestInstance, testInstance } from "./support/instance.ts";

let instance: TestInstance;
beforeAll(async () => {
  instance = await testInstance();
});
afterAll(() => instance[Symbol.asyncDispose]());

const script = "i=0; while true; do i=$((i+1)); echo $i > /tmp/count; done";

test("a paused container and a paused VM stand still, are counted, and go on", async () => {
  await using sandbox = await instance.vc.runSandbox({
    id: "still",
    containers: [
      { id: "main", image: "busybox", waits: true },
      { id: "count", image: "busybox", cmd: { args: ["sh", "-c", script] } },
    ],
  });
  const cpu = async (): Promise<number> =>
    (await sandbox.statsContainer("count")).cgroupStats.cpuStats.cpuUsage.totalUsage;
  const before = await cpu();
  await sandbox.exec(["sh", "-c", "i=0; while [ $i -lt 20000 ]; do i=$((i+1)); done"]);
  expect(await cpu()).toBeGreaterThan(before);

  const args = ["-o", "pid,comm,args"];
  const table = await sandbox.processListContainer("count", { format: "table", args });
  expect(table).toContain(`sh -c ${script}`);
  const { pid } = await sandbox.statusContainer("count");
  expect(JSON.parse(await sandbox.processListContainer("count", { format: "json" }))).toEqual([
    pid,
  ]);

  await sandbox.pauseContainer("count");
  expect((await sandbox.statusContainer("count")).state).toBe("paused");
  const frozen = await cpu();
  await sandbox.exec(["sh", "-c", "i=0; while [ $i -lt 20000 ]; do i=$((i+1)); done"]);
  expect(await cpu()).toBe(frozen);

  await sandbox.pause();
  await expect(sandbox.exec(["true"])).rejects.toMatchObject({ code: "INVALID_STATE" });
  await expect(instance.vc.statsContainer("still", "count")).rejects.toThrow(
    "sandbox still, where it is, is paused, and must be running",
  );
  expect((await instance.vc.statusSandbox("still")).containersStatus).toMatchObject([
    { id: "main", state: "paused" },
    { id: "count", state: "paused" },
  ]);
  await sandbox.resume();
  expect((await sandbox.exec(["echo", "back"])).stdout).toBe("back\n");
  expect(await cpu()).toBe(frozen);

  await sandbox.resumeContainer("count");
  await sandbox.exec(["sh", "-c", "i=0; while [ $i -lt 20000 ]; do i=$((i+1)); done"]);
  expect(await cpu()).toBeGreaterThan(frozen);
  const { sandboxStats, containerStats } = await instance.vc.statsSandbox("still");
  expect(sandboxStats.cgroupStats.cpuStats.cpuUsage.totalUsage).toBeGreaterThan(0);
  expect(containerStats).toHaveLength(2);
  expect(await sandbox.metrics()).toMatch(/^# (HELP|TYPE) /m);
});
