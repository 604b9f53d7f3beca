import { describe, expect, it } from "vitest";
import { runCli } from "../../src/cli.ts";
import type { Measured } from "../../src/commands/stats/measure.ts";
import { Meter } from "../../src/commands/stats/rows.ts";
import { sampleOf } from "../../src/commands/stats/sample.ts";
import { testContext } from "../support/context.ts";
import { fakeLibrary, statusOf } from "../support/library.ts";
import { statsOf } from "../support/stats.ts";
import { over } from "../support/virtc.ts";

const mebibyte = 1024 ** 2;

function withContainers(...ids: string[]) {
  const library = fakeLibrary(async () => 0);
  for (const id of ids) {
    library.sandboxes.set(id, statusOf({ id, containers: [{ id: "main", image: "busybox" }] }));
  }
  return { library, virtc: over(library) };
}

describe("the meter", () => {
  const at = (ms: number, cpuNs: number): Measured[] => [
    { sandbox: "web", container: "main", sample: sampleOf(statsOf({ cpuNs }), ms) },
  ];

  it("tells the use of CPU since the time before", async () => {
    const measured = [at(0, 5e9), at(2000, 6e9), at(3000, 9e9)];
    const meter = new Meter(async () => measured.shift() ?? []);
    const { signal } = new AbortController();
    const percents = [];
    for (let i = 0; i < 3; i++) percents.push((await meter.read(0, signal))[0]?.cpuPercent);
    expect(percents).toEqual([null, 50, 300]);
  });

  it("measures twice where the first numbers count", async () => {
    const measured = [at(0, 0), at(1000, 1e8)];
    const meter = new Meter(async () => measured.shift() ?? []);
    expect(await meter.read(1, new AbortController().signal)).toMatchObject([{ cpuPercent: 10 }]);
  });

  it("tells nothing when the container began anew", async () => {
    const measured = [at(0, 5e9), at(1000, 1e9)];
    const meter = new Meter(async () => measured.shift() ?? []);
    expect(await meter.read(1, new AbortController().signal)).toMatchObject([{ cpuPercent: null }]);
  });
});

describe("stats", () => {
  it("shows a table of all that run", async () => {
    const { library, virtc } = withContainers("web", "job", "gone");
    Object.assign(library.sandboxes.get("gone") ?? {}, { state: "stopped" });
    library.stats = () =>
      statsOf({
        memory: 40 * mebibyte,
        inactive: 8 * mebibyte,
        pids: 3,
        read: 4e6,
        received: 1500,
      });
    const { code, out } = await virtc("stats", "--no-stream", "--interval", "1ms");
    expect(code).toBe(0);
    expect(out.split("\n").map((line) => line.split(/ {2,}/))).toMatchObject([
      [
        "SANDBOX",
        "CONTAINER",
        "CPU %",
        "MEM USAGE / LIMIT",
        "MEM %",
        "NET I/O",
        "BLOCK I/O",
        "PIDS",
      ],
      ["job", "main", "0.00%", "32.0MiB / 256MiB", "12.50%", "1.5kB / 0B", "4.0MB / 0B", "3"],
      ["web", "main", "0.00%", "32.0MiB / 256MiB", "12.50%", "1.5kB / 0B", "4.0MB / 0B", "3"],
      [""],
    ]);
  });

  it("prints JSON, with the container's own limit", async () => {
    const { library, virtc } = withContainers("web");
    library.stats = () => statsOf({ memory: 16 * mebibyte, limit: 64 * mebibyte });
    const options = ["--no-stream", "--json", "--interval", "1ms"];
    for (const argv of [["stats"], ["container", "stats"]]) {
      const { out } = await virtc(...argv, ...options, "web");
      expect(JSON.parse(out)).toMatchObject([
        { sandbox: "web", container: "main", cpuPercent: 0, memoryPercent: 25, pids: 0 },
      ]);
    }
    const { out } = await virtc("sandbox", "stats", ...options);
    expect(JSON.parse(out)).toMatchObject([
      { sandbox: "web", memoryBytes: 16 * mebibyte, readBytes: null, pids: null },
    ]);
  });

  it("prints by a template with docker's fields", async () => {
    const { library, virtc } = withContainers("web");
    library.stats = () => statsOf({ memory: 16 * mebibyte, limit: 64 * mebibyte, pids: 2 });
    const options = ["stats", "--no-stream", "--interval", "1ms", "--no-trunc", "--format"];
    const all =
      "{{.ID}}|{{.Name}}|{{.Container}}|{{.CPUPerc}}|{{.MemUsage}}|{{.MemPerc}}|{{.NetIO}}|{{.BlockIO}}|{{.PIDs}}";
    const line = "web|web/main|web/main|0.00%|16.0MiB / 64.0MiB|25.00%|0B / 0B|0B / 0B|2\n";
    expect((await virtc(...options, all, "web")).out).toBe(line);
    const { out } = await virtc(...options, "table {{.Name}}\\t{{.PIDs}}", "web");
    expect(out).toBe("NAME       PIDS\nweb/main   2\n");
    expect(JSON.parse((await virtc(...options, "json", "web")).out)).toMatchObject({
      Name: "web/main",
      PIDs: "2",
    });
    expect((await virtc(...options, "{{.Nothing}}", "web")).code).toBe(125);
  });

  it("shows that a container does not run, and refuses one that is not there", async () => {
    const { library, virtc } = withContainers("web");
    Object.assign(library.sandboxes.get("web") ?? {}, { state: "paused" });
    const options = ["--no-stream", "--interval", "1ms"];
    expect((await virtc("stats", ...options, "web")).out).toMatch(/^web +main +-- +-- \/ --/m);
    expect((await virtc("stats", ...options, "none")).code).toBe(125);
    Object.assign(library.sandboxes.get("web") ?? {}, { state: "running" });
    expect((await virtc("container", "stats", ...options, "web", "none")).code).toBe(125);
  });

  it("goes on, a line of JSON each time, until Ctrl-C", async () => {
    const { library } = withContainers("web");
    const context = testContext(() => library);
    let measured = 0;
    library.stats = () => {
      if (++measured === 4) context.signals.emit("SIGINT", "SIGINT");
      return statsOf({});
    };
    expect(await runCli(["stats", "--json", "--interval", "1ms"], context)).toBe(0);
    const lines = context.out().trimEnd().split("\n");
    for (const line of lines) expect(JSON.parse(line)).toMatchObject([{ sandbox: "web" }]);
    expect(lines.length).toBeGreaterThan(1);
  });
});
