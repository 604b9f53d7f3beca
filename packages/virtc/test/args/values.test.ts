import { describe, expect, it } from "vitest";
import { parseAnnotations } from "../../src/args/annotations.ts";
import { parseCpus } from "../../src/args/cpus.ts";
import { parseDuration, parseSeconds } from "../../src/args/duration.ts";
import { parseName } from "../../src/args/name.ts";
import { parseRootfs } from "../../src/args/rootfs.ts";
import { parseSignal } from "../../src/args/signal.ts";
import { parseMiB, parseSize } from "../../src/args/size.ts";
import { UsageError } from "../../src/errors/usage.ts";

describe("sizes", () => {
  it.each([
    ["1", 1],
    ["10b", 10],
    ["2k", 2048],
    ["512m", 536_870_912],
    ["512M", 536_870_912],
    ["64MiB", 67_108_864],
    ["64mb", 67_108_864],
    ["1.5g", 1_610_612_736],
    ["1t", 1_099_511_627_776],
  ])("%s is %d bytes", (text, bytes) => expect(parseSize("--size", text)).toBe(bytes));

  it.each(["", "0", "0m", "-1", "abc", "12x", "1 0m", "1e3", "0x10", "m", "999999999999999t"])(
    "refuses %j by name",
    (text) => expect(() => parseSize("--size", text)).toThrow(/^--size: .* is not allowed/),
  );

  it.each(["10t", "63m"])("refuses %s outside the limits", (text) =>
    expect(() => parseMiB("--memory", text, 64, 4 * 1024 ** 2)).toThrow(
      "it must be from 64m to 4t",
    ),
  );

  it("says what a plain number means", () =>
    expect(() => parseMiB("--memory", "512", 64, 1024)).toThrow("512m is MiB"));

  it("rounds up to whole MiB", () => expect(parseMiB("--memory", "67108865", 64, 99)).toBe(65));
});

describe("durations", () => {
  it.each([
    ["500ms", 500],
    ["30s", 30_000],
    ["1m30s", 90_000],
    ["1.5h", 5_400_000],
    ["2", 2000],
  ])("%s is %d ms", (text, ms) => expect(parseDuration("--timeout", text)).toBe(ms));

  it.each(["", "0", "-1s", "s", "1d", "1s x", "99999h"])("refuses %j", (text) =>
    expect(() => parseDuration("--timeout", text)).toThrow(UsageError),
  );

  it("takes whole seconds from 0", () => {
    expect(parseSeconds("--time", "0")).toBe(0);
    expect(() => parseSeconds("--time", "1.5")).toThrow(UsageError);
    expect(() => parseSeconds("--time", "-1")).toThrow(UsageError);
  });
});

describe("CPUs", () => {
  it("gives a VM whole CPUs and limits the container to a fraction", () => {
    expect(parseCpus("--cpus", "2")).toEqual({ numVCPUs: 2, limit: undefined });
    expect(parseCpus("--cpus", "1.5")).toEqual({
      numVCPUs: 2,
      limit: { quota: 150_000, period: 100_000 },
    });
  });

  it.each(["0", "-1", "abc", "", "241", "1e1"])("refuses %j", (text) =>
    expect(() => parseCpus("--cpus", text)).toThrow(/^--cpus: /),
  );
});

describe("names", () => {
  it.each(["web", "a1", "A.b-c_d", "x".repeat(64)])("takes %s", (name) =>
    expect(parseName("--name", name)).toBe(name),
  );

  it.each(["", "a", "a/b", "..", "-x", "a\0b", "x".repeat(300), "ä1", "a b"])(
    "refuses %j",
    (name) => expect(() => parseName("--name", name)).toThrow(/^--name: /),
  );
});

describe("signals", () => {
  it.each([
    ["TERM", "SIGTERM"],
    ["sigkill", "SIGKILL"],
    ["9", 9],
    ["64", 64],
    ["RTMIN", 34],
    ["SIGRTMIN+3", 37],
    ["rtmin+30", 64],
  ])("%s", (text, signal) => expect(parseSignal("--signal", text)).toBe(signal));

  it.each(["", "FOO", "0", "65", "-9", "toString", "RTMIN+31"])("refuses %j", (text) =>
    expect(() => parseSignal("--signal", text)).toThrow(/^--signal: /),
  );
});

describe("root folders", () => {
  it("are made absolute, read-write unless told otherwise", () => {
    expect(parseRootfs("sub", "/base")).toEqual({ target: "/base/sub", options: ["rw"] });
    expect(parseRootfs("/srv/x:ro", "/")).toEqual({ target: "/srv/x", options: ["ro"] });
    expect(parseRootfs("/with:colon", "/").target).toBe("/with:colon");
  });

  it.each(["", ":ro"])("refuses %j", (text) =>
    expect(() => parseRootfs(text, "/")).toThrow(/^--rootfs: /),
  );
});

describe("annotations", () => {
  it("keep what follows the first =", () =>
    expect(parseAnnotations("--label", ["a=b=c", "d="])).toEqual({ a: "b=c", d: "" }));

  it.each(["novalue", "=x"])("refuses %j", (text) =>
    expect(() => parseAnnotations("--label", [text])).toThrow(/^--label: /),
  );
});
