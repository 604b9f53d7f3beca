import { describe, expect, test } from "vitest";
import type { ProcessRow } from "../../src/agent/agent.ts";
import { psLayout } from "../../src/container/process/ps/arguments.ts";
import { psTable } from "../../src/container/process/ps/table.ts";
import { createTestInstance } from "../../src/testing/index.ts";
import { refusal } from "../support/refusal.ts";
import { waiting } from "../support/sandbox.ts";

const nowS = Date.UTC(2024, 4, 6, 12) / 1000;
const moment = { nowS, memoryKib: 100_000 };
const init: ProcessRow = {
  pid: 7,
  nsPid: 1,
  ppid: 0,
  uid: 0,
  user: "root",
  tty: "",
  state: "S",
  startTimeS: nowS - 100_000,
  cpuMs: 90_061_000,
  rssKib: 2500,
  vszKib: 4096,
  threads: 1,
  comm: "init",
  args: ["/sbin/init", "--wait"],
};
const zombie: ProcessRow = {
  ...init,
  pid: 1234,
  nsPid: 9,
  ppid: 7,
  uid: 1000,
  user: "somebody",
  tty: "pts/0",
  state: "Z",
  startTimeS: nowS - 100,
  cpuMs: 50_000,
  comm: "job",
  args: [],
};

function ps(...args: string[]): string[] {
  return psTable([init, zombie], psLayout(args), moment).split("\n").slice(0, -1);
}

describe("a table", () => {
  test("as ps -ef prints it, by default", () => {
    const lines = [
      "UID       PID PPID  C STIME TTY          TIME CMD",
      "root        7    0 90 May05 ?     01-01:01:01 /sbin/init --wait",
      "somebody 1234    7 50 11:58 pts/0    00:00:50 [job]",
    ];
    expect(ps()).toEqual(lines);
    expect(ps("-ef")).toEqual(lines);
    expect(ps("-e", "-f")).toEqual(lines);
  });

  test("as ps aux", () => {
    expect(ps("aux")).toEqual([
      "USER      PID %CPU %MEM  VSZ  RSS TTY   STAT START    TIME COMMAND",
      "root        7 90.1  2.5 4096 2500 ?     S    May05 1501:01 /sbin/init --wait",
      "somebody 1234 50.0  2.5 4096 2500 pts/0 Z    11:58    0:50 [job]",
    ]);
  });

  test("of chosen columns, with heads of one's own or without", () => {
    expect(ps("-eo", "nspid,user=OWNER,etime,stat,comm")).toEqual([
      "NSPID OWNER        ELAPSED STAT COMMAND",
      "    1 root     01-03:46:40 S    init",
      "    9 somebody       01:40 Z    job",
    ]);
    expect(ps("-o", "pid", "--no-headers")).toEqual(["   7", "1234"]);
    expect(ps("-o", "pid=", "-o", "args=")).toEqual(["   7 /sbin/init --wait", "1234 [job]"]);
  });

  test.each(["--sort=pid", "-o", "-opid,nope", "-Z", "-p7", "", "-", "constructor"])(
    "of %j is refused",
    (arg) => {
      expect(() => psLayout([arg])).toThrow(
        expect.objectContaining({ code: "INVALID_ARGUMENT", field: "options.args" }),
      );
    },
  );
});

describe("the processes of a container", () => {
  test("are those that are alive, whoever started them", async () => {
    await using instance = await createTestInstance();
    await using sandbox = await instance.vc.runSandbox({ id: "sb", containers: [waiting] });
    const exec = sandbox.exec(["sh", "-c", "echo up; sleep infinity"], { user: "nobody" });
    await exec.lines().next();
    await sandbox.exec(["true"]);
    const { pid } = await sandbox.statusContainer("c1");
    const pids = JSON.parse(await sandbox.processListContainer("c1", { format: "json" }));
    expect(pids).toEqual([pid, expect.any(Number)]);
    const args = ["-o", "user,args"];
    expect(await instance.vc.processListContainer("sb", "c1", { format: "table", args })).toBe(
      "USER   COMMAND\nroot   /dev/.virtcontainers-init\nnobody sh -c echo up; sleep infinity\n",
    );
    await sandbox.pauseContainer("c1");
    expect(await sandbox.processListContainer("c1", { format: "json" })).toBe(JSON.stringify(pids));
  });

  test("may be called anything, and stay on their lines", async () => {
    const evil = async (): Promise<number> => await new Promise(() => {});
    await using instance = await createTestInstance({ commands: { evil } });
    const cmd = {
      args: ["evil", "\u001b]0;title\u0007", "a\nroot 1 /sbin/init", "x".repeat(9999)],
    };
    const container = { id: "c1", image: "busybox", cmd };
    await using sandbox = await instance.vc.runSandbox({ id: "sb", containers: [container] });
    const table = await sandbox.processListContainer("c1", { format: "table" });
    expect(table.split("\n")).toHaveLength(3);
    expect(table).not.toMatch(/[\u001b\u0007]/);
    expect(table.length).toBeLessThan(5000);
  });

  test("can't be listed by an agent without this project's extension", async () => {
    await using instance = await createTestInstance({ agent: { features: [] } });
    await using sandbox = await instance.vc.runSandbox({ id: "sb", containers: [waiting] });
    const error = await refusal(sandbox.processListContainer("c1", { format: "json" }));
    expect(error).toMatchObject({ code: "NOT_SUPPORTED", containerId: "c1" });
  });

  test("have the formats json and table", async () => {
    await using instance = await createTestInstance();
    await using sandbox = await instance.vc.runSandbox({ id: "sb", containers: [waiting] });
    const list = sandbox.processListContainer("c1", { format: "xml" } as never);
    expect(await refusal(list)).toMatchObject({
      code: "INVALID_ARGUMENT",
      field: "options.format",
    });
  });
});
