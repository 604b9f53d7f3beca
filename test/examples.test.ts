/** The programs of examples/, compiled against the built packages as a user's are, and run on real VMs. */
import { execFile, spawn } from "node:child_process";
import { chmod, mkdtemp, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { bin, repository } from "../scripts/support/paths.ts";
import { leftovers } from "./support/instance.ts";
import { Lab } from "./support/net/lab.ts";
import { type Result, resultOf } from "./support/result.ts";

const sources = join(repository, "examples");

/** What a program prints, as far as it is the same each time, and what it reads. */
interface Example {
  name: string;
  input?: string;
  prints: readonly (string | RegExp)[];
}

const examples: readonly Example[] = [
  {
    name: "untrusted-code",
    prints: [
      'echo "the sum is $((19 + 23))"  =>  the sum is 42',
      "exit 3  =>  failed with 3",
      "while :; do :; done  =>  took too long",
      "yes 'too much'  =>  wrote too much",
      "cat /etc/shadow  =>  failed with 1",
    ],
  },
  {
    name: "repl",
    input: 'x=4\necho $((x * x))\nfalse\necho "open\nprintf end\necho still $x\nexit 7\n',
    prints: [
      "> x=4",
      "> echo $((x * x))",
      "16",
      "> false",
      "exit code 1",
      '> echo "open',
      /unterminated quoted string$/,
      "exit code 2",
      "> printf end",
      "end",
      "> echo still $x",
      "still 4",
      "> exit 7",
      "the shell has ended with 7",
    ],
  },
  {
    name: "parallel-map",
    prints: [
      "one    7692c3ad3540",
      ...Array<RegExp>(6).fill(/^\w+ +[\da-f]{12}$/),
      /^eight {2}c195/,
    ],
  },
  {
    name: "ci-job",
    prints: [
      /^build: passed in/,
      "test | 1 test passed",
      /^test: passed in/,
      "package | app.tar.gz",
      "package | sorted.txt",
      /^package: passed in/,
      /^app.tar.gz: [1-9]\d* bytes$/,
    ],
  },
  {
    name: "files",
    prints: [
      /^folder +\/data\/in/,
      "file    /data/in/config.json 15",
      "file    /data/in/table.csv 10436",
      /^file +\/data\/squares.gz [1-9]\d+$/,
      "1000 squares",
      "back: config.json note.txt table.csv",
      'there is nothing at "/data/squares.gz"',
    ],
  },
  {
    name: "web-server",
    prints: [
      "http://127.0.0.1:8080/ 200 <h1>hello from a VM</h1>",
      /^time.txt text\/plain \d{4}-/,
      "missing 404",
      "in the network bridge",
    ],
  },
  {
    name: "timeouts",
    prints: [
      /^TIMEOUT, after it wrote "/,
      "0 of it still run",
      "CANCELED",
      "ready",
      "tidied",
      "it ended with 0",
      "it has 10 minutes left, if it is used",
    ],
  },
  {
    name: "progress",
    prints: [
      /^image: busybox has \d+ bytes$/,
      ...["validate", "prepare", "storage", "hypervisor.start", "boot"].map(created),
      ...["createSandbox", "createContainer", "startContainer"].map((verb) =>
        created(`agent.${verb}`),
      ),
      "#####............... 25 %",
      "##########.......... 50 %",
      "###############..... 75 %",
      "#################### 100 %",
      "it made: result",
      "sent 2097152 bytes, and there are 2097152",
      created("delete"),
    ],
  },
  { name: "custom-image", prints: ["greeter:1 /tmp", "hello, reader, from an image"] },
];

function created(phase: string): string {
  return `create: ${phase}`;
}

let lab: Lab;
let folder: string;
let state: { stateDir: string };

beforeAll(async () => {
  // The port that is published is one of a namespace.
  lab = await Lab.create();
  folder = await mkdtemp(join(tmpdir(), "virtc-examples-"));
  await chmod(folder, 0o711);
  state = { stateDir: join(folder, "state") };
  await writeFile(join(folder, "package.json"), JSON.stringify({ type: "module" }));
  await symlink(join(repository, "node_modules"), join(folder, "node_modules"));
  await promisify(execFile)(bin("tsc"), ["-p", sources, "--outDir", join(folder, "dist")]);
});
afterAll(async () => {
  const left = leftovers(state);
  await rm(folder, { recursive: true, force: true });
  await lab[Symbol.asyncDispose]();
  expect(left).toEqual([]);
});

async function run({ name, input = "" }: Pick<Example, "name" | "input">): Promise<Result> {
  const own = name === "web-server" ? ["nsenter", `--net=${lab.netns}`, "--"] : [];
  const [file = "", ...args] = [...own, process.execPath, join(folder, `dist/${name}.js`)];
  const env = {
    ...process.env,
    VIRTC_STATE_DIR: state.stateDir,
    VIRTC_DATA_DIR: join(folder, "data"),
    VIRTC_NETWORK: own.length > 0 ? "" : "none",
  };
  return await resultOf(spawn(file, args, { cwd: folder, env }), input);
}

/** Two at a time, whatever vitest allows: each is a VM. */
const lanes: Promise<unknown>[] = [Promise.resolve(), Promise.resolve()];

async function inLane<T>(lane: number, call: () => Promise<T>): Promise<T> {
  const before = lanes[lane];
  const after = (async () => {
    await before?.catch(() => {});
    return await call();
  })();
  lanes[lane] = after;
  return await after;
}

describe.concurrent("examples", () => {
  it.each(examples.map((example, index) => [example.name, example, index] as const))(
    "%s",
    async (_, example, index) => {
      const { code, stdout, stderr } = await inLane(index % lanes.length, () => run(example));
      const expected = example.prints.map((text) =>
        typeof text === "string" ? text : expect.stringMatching(text),
      );
      expect({ code, stderr, lines: stdout.split("\n").slice(0, -1) }).toEqual({
        code: 0,
        stderr: "",
        lines: expected,
      });
    },
    300_000,
  );

  it("doubles", async () => {
    const { code, stdout } = await run({ name: "doubles" });
    expect({ code, stdout }).toEqual({ code: 0, stdout: expect.stringMatching(/pass 3\n/) });
  });
});

it("each has its row in the list, and is short", async () => {
  const names = (await readdir(sources)).filter((name) => name.endsWith(".ts")).sort();
  expect(names).toEqual(
    [...examples.map(({ name }) => name), "doubles"].map((name) => `${name}.ts`).sort(),
  );
  const list = await readFile(join(sources, "README.md"), "utf8");
  for (const name of names) {
    const text = await readFile(join(sources, name), "utf8");
    expect(list).toContain(`[${name}](${name})`);
    expect(text.split("\n").length, name).toBeLessThanOrEqual(61);
  }
});
