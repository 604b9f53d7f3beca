import { VirtError } from "virtcontainers";
import { describe, expect, it } from "vitest";
import { runCli } from "../../src/cli.ts";
import { rowsOf } from "../../src/commands/top/rows.ts";
import { testContext } from "../support/context.ts";
import { fakeLibrary, statusOf } from "../support/library.ts";
import { statsOf } from "../support/stats.ts";
import { over } from "../support/virtc.ts";

function withContainer() {
  const library = fakeLibrary(async () => 0);
  const containers = [{ id: "web", image: "busybox" }];
  library.sandboxes.set("web", statusOf({ id: "web", containers }));
  return { library, virtc: over(library) };
}

describe("top", () => {
  it("prints once what ps prints, without what could steer the terminal", async () => {
    const { library, virtc } = withContainer();
    library.ps = (args) => `${args.join(" ")}\n1 evil \u001b[2J\n`;
    const outcome = await virtc("top", "web", "-o", "pid,args");
    expect(outcome).toEqual({ code: 0, out: "-o pid,args\n1 evil \ufffd[2J\n", err: "" });
    expect((await virtc("container", "ps", "web", "web", "aux")).out).toContain("aux\n1 evil");
    expect((await virtc("top", "none")).code).toBe(125);
  });

  it("prints JSON", async () => {
    const { library, virtc } = withContainer();
    library.ps = () =>
      "  1    0 root     S  0.5   512 httpd -f  -v\n 22    1 1000     R 99.0     4 [x]\n";
    expect(JSON.parse((await virtc("top", "--json", "web")).out)).toEqual([
      {
        ...{ pid: 1, ppid: 0, user: "root", state: "S", cpuPercent: 0.5, memoryKiB: 512 },
        command: "httpd -f  -v",
      },
      { pid: 22, ppid: 1, user: "1000", state: "R", cpuPercent: 99, memoryKiB: 4, command: "[x]" },
    ]);
    expect(rowsOf("nonsense\n")).toEqual([]);
  });

  it("goes on on a terminal until the container ends, below a line on what it uses", async () => {
    const { library } = withContainer();
    const context = testContext(() => library, { terminal: true });
    let looks = 0;
    library.stats = () => statsOf({ pids: 3, memory: 1024 ** 2 });
    library.ps = () => {
      if (++looks === 3) throw new VirtError("INVALID_STATE", "it is stopped");
      return `PID\n${looks}\n`;
    };
    expect(await runCli(["top", "--interval", "1ms", "web"], context)).toBe(0);
    expect(context.out()).toMatch(/web: 3 tasks, cpu 0.0%, memory 1.0MiB\n\nPID\n2\n$/);
  });
});
