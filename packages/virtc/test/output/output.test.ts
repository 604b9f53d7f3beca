import { PassThrough } from "node:stream";
import { describe, expect, it } from "vitest";
import { paint } from "../../src/output/colour.ts";
import { bytes, since } from "../../src/output/human.ts";
import { json, jsonLine } from "../../src/output/json.ts";
import { ProgressBar } from "../../src/output/progress.ts";
import { safe, safeLine } from "../../src/output/safe.ts";
import { table } from "../../src/output/table.ts";

describe("table", () => {
  it("aligns columns and leaves no spaces at line ends", () => {
    expect(
      table(
        ["NAME", "STATE"],
        [
          ["a", "running"],
          ["longer-name", ""],
        ],
      ),
    ).toBe("NAME          STATE\na             running\nlonger-name\n");
  });

  it("keeps a hostile cell on its line and without control characters", () => {
    const text = table(["A"], [["x\n\u001b[2Jy"]]);
    expect(text.split("\n")).toHaveLength(3);
    expect(text).not.toContain("\u001b");
  });
});

describe("human", () => {
  it.each([
    [0, "0B"],
    [999, "999B"],
    [4_500_000, "4.5MB"],
    [123_456_789, "123MB"],
    [2_000_000_000_000, "2.0TB"],
  ])("%d bytes", (count, text) => expect(bytes(count)).toBe(text));

  it.each([
    [0, "less than a second"],
    [1000, "1 second"],
    [59_000, "59 seconds"],
    [3_600_000, "1 hour"],
    [200_000_000, "2 days"],
    [-5000, "less than a second"],
  ])("%d ms ago", (ms, text) => expect(since(new Date(1e12 - ms).toISOString(), 1e12)).toBe(text));

  it("takes a broken date", () => expect(since("?")).toBe("an unknown time"));
});

describe("safe", () => {
  it("takes out what steers a terminal, keeps tabs and lines", () => {
    expect(safe("a\u001b[31m\tb\n\u009b\u202e")).toBe("a\ufffd[31m\tb\n\ufffd\ufffd");
    expect(safeLine("a\tb\nc")).toBe("a b c");
  });
});

describe("paint", () => {
  const terminal = Object.assign(new PassThrough(), { isTTY: true });
  it("colours on a terminal only, and honours NO_COLOR and dumb terminals", () => {
    expect(paint("red", "x", terminal, {})).toBe("\u001b[31mx\u001b[0m");
    expect(paint("red", "x", new PassThrough(), {})).toBe("x");
    expect(paint("red", "x", terminal, { NO_COLOR: "1" })).toBe("x");
    expect(paint("red", "x", terminal, { TERM: "dumb" })).toBe("x");
  });
});

describe("ProgressBar", () => {
  it("adds up the layers", () => {
    const bar = new ProgressBar("alpine:3", new PassThrough());
    bar.update({ phase: "download", layer: "a", completedBytes: 1_000_000, totalBytes: 1_000_000 });
    bar.update({ phase: "download", layer: "b", completedBytes: 0, totalBytes: 1_000_000 });
    expect(bar.line("download")).toBe(
      "downloading alpine:3 [############............] 1.0MB of 2.0MB",
    );
    expect(bar.line("pack")).toBe("packing alpine:3");
  });

  it("cuts its line to the terminal and wipes it at the end", () => {
    const to = Object.assign(new PassThrough(), { columns: 10 });
    const bar = new ProgressBar("a-long-name", to);
    bar.update({ phase: "resolve" });
    bar.end();
    expect(to.read().toString()).toBe("\r\u001b[Kresolving\r\u001b[K");
  });
});

it("JSON escapes what could steer a terminal, and means the same", () => {
  const value = { name: "a\u001b[2J\u009b2J\u202e\u2067\u200e\u061c\u2028b\n", tab: "\t" };
  for (const text of [json(value), `${jsonLine(value)}\n`]) {
    expect(JSON.parse(text)).toEqual(value);
    expect(safe(text)).toBe(text);
  }
});
