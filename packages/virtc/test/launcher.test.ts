/** The launcher, with a program in place of virtc that tells what has reached it. */
import { execFile } from "node:child_process";
import { cp, mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import * as v from "valibot";
import { afterAll, beforeAll, expect, it } from "vitest";
import { argumentsOf } from "../src/arguments.ts";

const execute = promisify(execFile);
const source = fileURLToPath(new URL("../bin/virtc", import.meta.url));
const Told = v.object({ argv: v.array(v.string()), env: v.record(v.string(), v.string()) });

let folder: string;
let launcher: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "virtc launcher-"));
  launcher = join(folder, "bin/virtc");
  await mkdir(join(folder, "dist"));
  await cp(source, launcher);
  await writeFile(join(folder, "package.json"), `{"type":"module"}`);
  await writeFile(
    join(folder, "dist/main.js"),
    "console.log(JSON.stringify({ argv: process.argv.slice(2), env: process.env }));",
  );
  await writeFile(join(folder, "ran.cjs"), `console.log("code of the host ran"); process.exit(3)`);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function launch(words: readonly string[], env: NodeJS.ProcessEnv = {}, program = launcher) {
  const path = `${dirname(process.execPath)}:${process.env.PATH}`;
  const { stdout } = await execute(program, words, {
    cwd: folder,
    env: { ...process.env, PATH: path, ...env },
    maxBuffer: 64 * 1024 ** 2,
  });
  return v.parse(Told, JSON.parse(stdout));
}

it("lets no word reach Node.js as an option", async () => {
  const code = join(folder, "ran.cjs");
  await writeFile(join(folder, "file.env"), `NODE_OPTIONS=--require="${code}"\n`);
  await writeFile(
    join(folder, "node.config.json"),
    JSON.stringify({ nodeOptions: { import: [code] } }),
  );
  for (const words of [
    ["exec", "--env-file", "file.env", "web", "id"],
    ["exec", "--env-file=file.env", "web", "id"],
    ["exec", "web", "program", "--env-file", "/nosuch"],
    ["exec", "web", "program", "--env-file-if-exists=file.env"],
    ["exec", "web", "program", "--experimental-config-file=node.config.json"],
    ["exec", "web", "program", "--experimental-default-config-file"],
    ["--require=./ran.cjs"],
  ]) {
    const { argv } = await launch(words);
    expect(argumentsOf(argv)).toEqual(words);
    expect(argv.filter((word) => !word.startsWith(":"))).toEqual([]);
  }
});

it("passes words on as they are", async () => {
  const words = [
    "",
    " ",
    "a b",
    "a\nb\n",
    `'"\\`,
    "$(id)",
    "`id`",
    "${1}",
    "*",
    "ü\u{1f600}",
    ":x",
    "--",
  ];
  expect(argumentsOf((await launch(words)).argv)).toEqual(words);
  expect((await launch([])).argv).toEqual([]);
});

it("passes many words on, in their order", async () => {
  const words = Array.from({ length: 2345 }, (_, at) => `word ${at}`);
  expect(argumentsOf((await launch(words)).argv)).toEqual(words);
});

it("is found by links, as npm makes them", async () => {
  await mkdir(join(folder, ".bin"));
  await symlink("../bin/virtc", join(folder, ".bin/virtc"));
  expect((await launch(["ps"], {}, join(folder, ".bin/virtc"))).argv).toEqual([":ps"]);
});

it("is found without its folder", async () => {
  const run = execute("sh", ["virtc", "ps"], { cwd: join(folder, "bin") });
  expect(v.parse(Told, JSON.parse((await run).stdout)).argv).toEqual([":ps"]);
});

it("starts no program but Node.js", async () => {
  const path = join(folder, "path");
  await mkdir(path);
  await symlink(process.execPath, join(path, "node"));
  expect((await launch(["ps"], { PATH: path })).argv).toEqual([":ps"]);
});

it("leaves the caller's environment and NODE_OPTIONS as they are", async () => {
  const before = { NODE_OPTIONS: "--no-warnings", words: "mine", self: "mine", at: "mine" };
  const { env } = await launch(["ps"], before);
  expect(env).toMatchObject(before);
  expect(Object.keys(env).filter((name) => name.startsWith("virtc_"))).toEqual([]);
});

it("is told apart from a call by Node.js itself", () => {
  expect(argumentsOf(["run", "--rm"])).toBeUndefined();
  expect(argumentsOf([":run", "--rm"])).toBeUndefined();
});
