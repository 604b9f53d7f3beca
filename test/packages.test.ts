/** A program in another folder, with nothing of this repository but the packed packages. */
import { execFile } from "node:child_process";
import { chmod, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, it } from "vitest";
import { pack, published } from "../scripts/support/pack.ts";
import { bin } from "../scripts/support/paths.ts";

const execute = promisify(execFile);

/** The README's example. */
const program = `
import { Sandbox } from "virtcontainers";

await using sandbox = await Sandbox.create({ image: "busybox", memoryMiB: 256 });
const { stdout, exitCode } = await sandbox.exec(["sh", "-c", "echo hi; exit 3"]);
console.log(JSON.stringify({ stdout, exitCode }));
`;

const compilerOptions = {
  target: "ES2022",
  lib: ["ES2023", "ESNext.Disposable"],
  module: "NodeNext",
  strict: true,
  types: ["node"],
  skipLibCheck: false,
  exactOptionalPropertyTypes: true,
};

let folder: string;
const run = async (file: string, ...args: string[]) => {
  const env = {
    ...process.env,
    VIRTC_STATE_DIR: join(folder, "state"),
    VIRTC_DATA_DIR: join(folder, "data"),
  };
  return (await execute(file, args, { cwd: folder, env })).stdout;
};

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "virtc-packages-"));
  await chmod(folder, 0o711);
  const archives = await Promise.all(published.map((name) => pack(name, folder)));
  await writeFile(join(folder, "package.json"), JSON.stringify({ type: "module" }));
  // A TypeScript program for Node.js has Node's types.
  const packages = [...archives, "@types/node@20"];
  await run("npm", "install", "--no-audit", "--no-fund", "--prefer-offline", ...packages);
});
afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

it("brings the command line, which prepares its store from the guest package", async () => {
  const virtc = join(folder, "node_modules/.bin/virtc");
  await run(virtc, "setup");
  expect(await run(virtc, "run", "--rm", "busybox", "echo", "hello")).toBe("hello\n");
});

it("brings types that a strict program compiles with", async () => {
  await writeFile(join(folder, "program.ts"), program);
  await writeFile(
    join(folder, "tsconfig.json"),
    JSON.stringify({ compilerOptions, files: ["program.ts"] }),
  );
  await run(bin("tsc"), "-p", folder);
  expect(await readFile(join(folder, "program.js"), "utf8")).toContain("Sandbox.create");
});

it("runs the example of the README", async () => {
  expect(JSON.parse(await run(process.execPath, "program.js"))).toEqual({
    stdout: "hi\n",
    exitCode: 3,
  });
});
