import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parseEnv } from "../../src/args/env.ts";

let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "virtc-env-"));
});
afterAll(() => rm(folder, { recursive: true }));

async function file(name: string, text: string): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, text);
  return path;
}

describe("parseEnv", () => {
  it("takes values from here for bare names, and leaves out what is not set", async () => {
    const env = await parseEnv(["A=1", "B", "C"], [], { B: "from here" });
    expect(env).toEqual([
      { var: "A", value: "1" },
      { var: "B", value: "from here" },
    ]);
  });

  it("takes nothing for a variable that every object has", async () => {
    const names = ["constructor", "toString", "__proto__", "valueOf"];
    expect(await parseEnv(names, [], process.env)).toEqual([]);
    expect(await parseEnv(["__proto__"], [], JSON.parse('{ "__proto__": "own" }'))).toEqual([
      { var: "__proto__", value: "own" },
    ]);
  });

  it("keeps =, spaces and line ends in values, and lets the last one win", async () => {
    const env = await parseEnv(["A=x=y z\n", "A=last\n=", "E="], [], {});
    expect(env).toEqual([
      { var: "A", value: "last\n=" },
      { var: "E", value: "" },
    ]);
  });

  it("reads files first: comments and empty lines are skipped", async () => {
    const path = await file("env", "# note\nA=file\r\n\nB\nC=#kept\n");
    const env = await parseEnv(["A=option"], [path], { B: "here" });
    expect(Object.fromEntries(env.map((entry) => [entry.var, entry.value]))).toEqual({
      A: "option",
      B: "here",
      C: "#kept",
    });
  });

  it("reads files as docker does: byte order mark, indentation, comments after blanks, blanks in values", async () => {
    const path = await file("marked", "\ufeffA=1\n  # note\n\t B= x \n   \nC\n");
    expect(await parseEnv([], [path], { C: "here" })).toEqual([
      { var: "A", value: "1" },
      { var: "B", value: " x " },
      { var: "C", value: "here" },
    ]);
  });

  it.each(["export A=1", "A =1", "A\0=1", "=1"])(
    "refuses %j in a file, with its line",
    async (line) => {
      const path = await file("bad", `OK=1\n\n${line}\n`);
      await expect(parseEnv([], [path], {})).rejects.toThrow(`--env-file ${path}, line 3: `);
    },
  );

  it("does not drop in silence what no shell passes on", async () => {
    await expect(parseEnv(["my.name"], [], {})).rejects.toThrow("write my.name=value");
    expect(await parseEnv(["my.name"], [], { "my.name": "x" })).toHaveLength(1);
  });

  it.each(["", "=x", "A\0=1"])("refuses %j", async (text) => {
    await expect(parseEnv([text], [], {})).rejects.toThrow(/^--env: /);
  });

  it("names a file that it can't read, or that is too large", async () => {
    await expect(parseEnv([], [join(folder, "none")], {})).rejects.toThrow(
      /--env-file: can't read/,
    );
    const large = await file("large", "A=1\n".repeat(300_000));
    await expect(parseEnv([], [large], {})).rejects.toThrow("larger than 1 MiB");
  });
});
