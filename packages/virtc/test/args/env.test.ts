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
