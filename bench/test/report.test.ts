import { describe, expect, it } from "vitest";
import { figure, goalLine, jsonLine, phaseLines, textLine } from "../report.ts";

describe("jsonLine", () => {
  it("is one object with the agreed keys", () => {
    const line = jsonLine(figure("cold", 7, 900, 600, "ms"));
    expect(JSON.parse(line)).toEqual({
      name: "cold",
      ratio: 1.5,
      n: 7,
      p50: 900,
      rawP50: 600,
      unit: "ms",
    });
    expect(line).not.toContain("\n");
  });
});

describe("goalLine", () => {
  it("holds times at or under their goal for met", () => {
    expect(goalLine(figure("cold", 1, 150, 100, "ms"))).toContain(": met");
    expect(goalLine(figure("cold", 1, 151, 100, "ms"))).toContain("MISSED");
    expect(goalLine(figure("cli", 1, 181, 100, "ms"))).toContain("MISSED");
    expect(goalLine(figure("exec", 1, 200, 100, "ms"))).toContain(": met");
  });
  it("wants a stream to be at least half as fast", () => {
    expect(goalLine(figure("stream", 1, 50, 100, "MB/s"))).toContain(": met");
    expect(goalLine(figure("stream", 1, 49, 100, "MB/s"))).toContain("MISSED");
  });
  it("counts memory as a difference in MB", () => {
    expect(goalLine(figure("memory", 1, 114, 100, "MiB"))).toContain("met (14.7 MB over)");
    expect(goalLine(figure("memory", 1, 115, 100, "MiB"))).toContain("MISSED (15.7 MB over)");
  });
  it("counts a network as a difference in ms, and its traffic as a ratio", () => {
    expect(goalLine(figure("network", 1, 115, 100, "ms"))).toContain("met (15.0 ms over)");
    expect(goalLine(figure("network", 1, 116, 100, "ms"))).toContain("MISSED (16.0 ms over)");
    for (const name of ["net-out", "net-in", "net-http"]) {
      expect(goalLine(figure(name, 1, 90, 100, "MB/s"))).toContain(": met");
      expect(goalLine(figure(name, 1, 89, 100, "MB/s"))).toContain("MISSED");
    }
  });
  it("promises nothing about density", () => {
    expect(goalLine(figure("density", 1, 20, 22, "sandboxes"))).toBeUndefined();
  });
});

describe("textLine and phaseLines", () => {
  it("show ours, the raw thing and the verdict", () => {
    expect(textLine(figure("cold", 3, 900, 600, "ms"))).toMatch(
      /^cold +1\.50 +900\.0 ms +raw 600\.0 ms +n=3 +goal ratio <= 1\.5: met$/,
    );
  });
  it("put each phase on a line", () => {
    const text = phaseLines({
      of: "cold",
      rows: [
        { name: "boot", ms: 512.34 },
        { name: "hypervisor.start", ms: 40 },
      ],
    });
    expect(text.split("\n")).toEqual([
      "phases of cold, medians:",
      "  boot                 512.3 ms",
      "  hypervisor.start      40.0 ms",
    ]);
  });
});
