import { describe, expect, it } from "vitest";
import { LineSplitter, type LogRecord } from "../../src/commands/logs/lines.ts";
import { print } from "../../src/commands/logs/print.ts";
import { noLibrary, testContext } from "../support/context.ts";

function record(text: string, stream: LogRecord["stream"] = "stdout", ms = 0): LogRecord {
  return { stream, time: new Date(ms), data: Buffer.from(text) };
}

async function* from(records: readonly LogRecord[]): AsyncGenerator<LogRecord> {
  yield* records;
}

async function printed(
  records: readonly LogRecord[],
  options: Parameters<typeof print>[1],
  later: readonly LogRecord[] = [],
) {
  const context = testContext(noLibrary);
  await print((follow) => from(follow ? [...records, ...later] : records), options, context);
  return { out: context.out(), err: context.err() };
}

describe("LineSplitter", () => {
  it("puts lines together over records, each stream on its own", () => {
    const splitter = new LineSplitter();
    expect(splitter.push(record("a"))).toEqual([]);
    expect(splitter.push(record("x\n", "stderr")).map((line) => String(line.data))).toEqual([
      "x\n",
    ]);
    expect(splitter.push(record("b\n\nc")).map((line) => String(line.data))).toEqual([
      "ab\n",
      "\n",
    ]);
    expect(splitter.rest().map((line) => String(line.data))).toEqual(["c"]);
    expect(splitter.rest()).toEqual([]);
  });

  it("cuts a line that never ends", () => {
    const splitter = new LineSplitter();
    const [line] = splitter.push(record("x".repeat(1024 ** 2 + 5)));
    expect(line?.data.length).toBe(1024 ** 2);
    expect(splitter.rest()[0]?.data.length).toBe(5);
  });
});

describe("print", () => {
  const log = [record("one\ntw"), record("err\n", "stderr"), record("o\nthree")];

  it("gives every byte to its stream", async () => {
    expect(await printed(log, {})).toEqual({ out: "one\ntwo\nthree", err: "err\n" });
  });

  it.each([
    [0, ""],
    [1, "three"],
    [2, "two\nthree"],
    [99, "one\ntwo\nthree"],
  ])("--tail %d", async (tail, out) => {
    expect((await printed(log, { tail })).out).toBe(out);
  });

  it("--tail with --follow goes on with what comes later", async () => {
    const later = [record(" and more\nfour\n")];
    const { out } = await printed(log, { tail: 1, follow: true }, later);
    expect(out).toBe("two\nthree and more\nfour\n");
  });

  it("--timestamps stamps each line once", async () => {
    const { out } = await printed([record("a"), record("b\nc\n", "stdout", 1000)], {
      timestamps: true,
    });
    expect(out).toBe("1970-01-01T00:00:00.000Z ab\n1970-01-01T00:00:01.000Z c\n");
  });
});
