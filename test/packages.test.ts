/** A program in another folder, with nothing of this repository but the packed packages. */
import { execFile } from "node:child_process";
import { chmod, chown, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import type { Program } from "typescript";
import { afterAll, beforeAll, expect, it } from "vitest";
import { pack, published } from "../scripts/support/pack.ts";
import { bin } from "../scripts/support/paths.ts";
import { errorsOf, fieldsOf, programOf } from "./support/published-types.ts";

const execute = promisify(execFile);

const isRoot = process.getuid?.() === 0;
const firstCommand = ["run", "--rm", "busybox", "sh", "-c", "echo hello from $(uname -r)"];

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

/** The types of what a caller writes. */
const written = [
  "SandboxConfig",
  "SandboxOptions",
  "ExecOptions",
  "CommandStartOptions",
  "CommandListOptions",
  "CommandConnectOptions",
  "CommandOutputOptions",
  "CommandResultOptions",
  "FileCallOptions",
  "FileListOptions",
  "FileMakeOptions",
  "FileReadOptions",
  "FileRemoveOptions",
  "FileStatOptions",
  "FileWatchOptions",
  "ConsoleOptions",
  "CopyOptions",
  "EventsOptions",
  "ListOptions",
  "MonitorOptions",
  "ProcessListOptions",
  "Resize",
  "VolumeOptions",
  "NetworkOptions",
  "EgressPolicy",
  "Interface",
  "Route",
  "RegistriesConfig",
  "PullOptions",
  "ImportOptions",
];

let folder: string;
const run = async (file: string, ...args: string[]) => {
  const env = {
    ...process.env,
    VIRTC_STATE_DIR: join(folder, "state"),
    VIRTC_DATA_DIR: join(folder, "data"),
    VIRTC_NETWORK: "none",
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

it("runs an ordinary user's first command, on the tuned kernel, without set-up and registry", async () => {
  const home = join(folder, "home");
  await mkdir(home, { mode: 0o700 });
  const nobody = 65534;
  const asUser = isRoot
    ? ["setpriv", `--reuid=${nobody}`, `--regid=${nobody}`, "--clear-groups"]
    : [];
  if (isRoot) await chown(home, nobody, nobody);
  const env = { PATH: process.env.PATH, HOME: home, XDG_RUNTIME_DIR: home };
  const [file = "", ...args] = [
    ...asUser,
    join(folder, "node_modules/.bin/virtc"),
    ...firstCommand,
  ];
  const { stdout } = await execute(file, args, { cwd: home, env });
  const guest = join(folder, "node_modules/@virtcontainers/guest-linux-x64/dist/manifest.json");
  const { kernels } = JSON.parse(await readFile(guest, "utf8"));
  expect(stdout).toBe(`hello from ${kernels.tuned.version}\n`);
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

it("brings types that cost the compiler little, though it checks all declarations", async () => {
  await writeFile(join(folder, "empty.ts"), 'import "node:stream";\n');
  await writeFile(join(folder, "program.ts"), program);
  const [without, used] = ["empty.ts", "program.ts"].map((file) =>
    programOf(folder, file, compilerOptions),
  );
  expect([without, used].map((each) => each && errorsOf(each))).toEqual([[], []]);
  const instantiations = (each: Program | undefined) => each?.getInstantiationCount() ?? Number.NaN;
  // With the types of the schemas themselves it is some half a million.
  expect(instantiations(used) - instantiations(without)).toBeLessThan(50_000);
});

it("brings documentation of every field that a caller writes", async () => {
  await writeFile(join(folder, "program.ts"), program);
  const types = join(folder, "node_modules/virtcontainers/dist/index.d.ts");
  const fields = fieldsOf(programOf(folder, "program.ts", compilerOptions), types, written);
  expect(fields.all.length).toBeGreaterThan(300);
  expect(fields.undocumented).toEqual([]);
});

it("runs the example of the README", async () => {
  expect(JSON.parse(await run(process.execPath, "program.js"))).toEqual({
    stdout: "hi\n",
    exitCode: 3,
  });
});
