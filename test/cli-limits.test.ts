import { afterAll, afterEach, beforeAll, expect, it } from "vitest";
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

const files = ["cpu.weight", "cpu.max", "cpuset.cpus.effective", "memory.low", "pids.max"];

it("limits that run was asked for are those of the cgroup, as the guest and the container see it, and are changed by update", async () => {
  const options =
    "--cpu-shares 512 --cpu-quota 75000 --cpu-period 50000 --cpuset-cpus 1 --cpuset-mems 0 " +
    "--memory-reservation 64m --memory-swap 512m --pids-limit 40";
  const words = [...options.split(" "), "busybox", "sleep", "100000"];
  await done("run", "-d", "--name", "limited", ...words);
  const read = (folder: string) => `cd ${folder} && cat ${files.join(" ")}; nproc`;
  const inside = () => done("exec", "limited", "sh", "-c", read("/sys/fs/cgroup"));
  const outside = () =>
    done("debug", "limited", "--", "sh", "-c", read("/sys/fs/cgroup/virtc/limited"));
  const limits = ["20", "75000 50000", "1", String(64 * 1024 ** 2), "40"];
  // The VM has as many CPUs as the limits speak of.
  expect((await outside()).trim().split("\n")).toEqual([...limits, "2"]);
  expect((await inside()).trim().split("\n")).toEqual([...limits, "1"]);

  const change =
    "--cpu-shares 1024 --cpu-quota -1 --cpuset-cpus 0-1 --memory-reservation 32m --memory-swap -1 --pids-limit 50";
  await done("update", ...change.split(" "), "limited");
  const changed = ["39", "max 50000", "0-1", String(32 * 1024 ** 2), "50"];
  expect((await inside()).trim().split("\n")).toEqual([...changed, "2"]);
  const { code, stderr } = await virtc.run(["update", "--cpuset-cpus", "2", "limited"]);
  expect([code, stderr]).toEqual([125, expect.stringContaining("--cpuset-cpus")]);
});
