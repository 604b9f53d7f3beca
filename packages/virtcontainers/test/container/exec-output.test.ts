import { Readable } from "node:stream";
import { text } from "node:stream/consumers";
import { expect, test } from "vitest";
import { listen } from "../../src/container/exec/listen.ts";
import { ExecOutput } from "../../src/container/exec/output.ts";

const bytes = (...parts: string[]) => Readable.from(parts.map((part) => Buffer.from(part)));

test("what is written is kept, and readers get all of it, late ones too", async () => {
  const output = new ExecOutput("stdout", 100);
  const early = text(output.reader());
  await output.drain(bytes("a", "b"));
  output.end();
  expect(await early).toBe("ab");
  expect(await text(output.reader())).toBe("ab");
  expect(output.bytes().toString()).toBe("ab");
});

test("more than the limit is an error if nobody reads along", async () => {
  const output = new ExecOutput("stderr", 3);
  await expect(output.drain(bytes("abcd"))).rejects.toMatchObject({ field: "maxOutputBytes" });
});

test("a reader gets more than the limit; the result keeps the beginning", async () => {
  const output = new ExecOutput("stdout", 3);
  const read = text(output.reader());
  await output.drain(bytes("abcd", "ef"));
  output.end();
  expect(await read).toBe("abcdef");
  expect(output.bytes().toString()).toBe("abc");
});

test("of what is read, less is kept until somebody wants it; its last bytes are known all the same", async () => {
  const output = new ExecOutput("stdout", 100, 3);
  const read = text(output.reader());
  await output.drain(bytes("ab", "cd", "ef"));
  expect([output.bytes().toString(), output.isTruncated]).toEqual(["abc", true]);
  expect(output.tail().toString().endsWith("ef")).toBe(true);
  await expect(text(output.reader())).rejects.toMatchObject({ field: "maxOutputBytes" });
  output.end();
  expect(await read).toBe("abcdef");
  const wanted = new ExecOutput("stdout", 100, 3);
  const reading = text(wanted.reader());
  wanted.want();
  await wanted.drain(bytes("ab", "cd", "ef"));
  wanted.end();
  expect([wanted.bytes().toString(), wanted.isTruncated]).toEqual(["abcdef", false]);
  await reading;
});

test("who is told of it as text gets whole characters, one piece after the other", async () => {
  const euro = Buffer.from("1 € = 2");
  const heard: string[] = [];
  await listen(Readable.from([euro.subarray(0, 3), euro.subarray(3)]), async (piece) => {
    heard.push("<");
    await Promise.resolve();
    heard.push(piece, ">");
  });
  expect(heard.join("")).toBe("<1 ><€ = 2>");
});

test("a reader that leaves does not hold up the others", async () => {
  const output = new ExecOutput("stdout", 1);
  const leaver = output.reader();
  const stayer = text(output.reader());
  const big = "x".repeat(3 * 1024 * 1024);
  leaver.once("readable", () => leaver.destroy());
  await output.drain(bytes(big, big));
  output.end();
  expect((await stayer).length).toBe(2 * big.length);
});

test("a slow reader gathers no listeners", async () => {
  const output = new ExecOutput("stdout", 1);
  const reader = output.reader();
  const before = reader.listenerCount("close");
  const big = "x".repeat(2 * 1024 * 1024);
  const read = text(reader);
  await output.drain(bytes(big, big, big, big));
  expect(reader.listenerCount("drain")).toBe(0);
  expect(reader.listenerCount("close")).toBeLessThanOrEqual(before + 1);
  output.end();
  expect((await read).length).toBe(4 * big.length);
});

test("the readers learn why there is no more", async () => {
  const output = new ExecOutput("stdout", 10);
  const read = text(output.reader());
  output.end(new Error("the VM is gone"));
  await expect(read).rejects.toThrow("the VM is gone");
});
