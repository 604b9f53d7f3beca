import { spawn } from "node:child_process";
import { appendFileSync, closeSync, mkdirSync, openSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import * as v from "valibot";
import { targets } from "./fuzz/targets.ts";

const usage = `npm run fuzz -- TARGET [--seconds N] [--seed S] [--only NUMBER]

Feeds what reads data from outside with inputs that follow from a seed, and tells which went wrong: a crash,
an error without a code, a promise that nobody handles, more than 512 MiB of memory, a blocked event loop, no
end. Findings are added to fuzz-findings.jsonl; --only NUMBER repeats one.

${Object.entries(targets)
  .map(([name, { reads }]) => `  ${name.padEnd(15)} ${reads}`)
  .join("\n")}
`;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    seconds: { type: "string", default: "60" },
    seed: { type: "string", default: String(Date.now()) },
    only: { type: "string" },
    help: { type: "boolean" },
  },
});
const [name = ""] = positionals;
if (values.help || !Object.hasOwn(targets, name) || !(Number(values.seconds) > 0)) {
  process.stderr.write(usage);
  process.exit(values.help ? 0 : 2);
}

const Result = v.object({
  executions: v.number(),
  accepted: v.number(),
  findings: v.array(v.object({ index: v.number(), what: v.string() })),
});
/** A process that is silent for so long beyond its time hangs. */
const graceMs = 120_000;

const root = fileURLToPath(new URL("..", import.meta.url));
const folder = join(root, "node_modules/.cache/fuzz");
mkdirSync(folder, { recursive: true });
const place = openSync(join(folder, `${process.pid}`), "w+");
const child = spawn(
  process.execPath,
  [
    ...["--expose-gc", "--max-old-space-size=512", "--import", "tsx"],
    join(root, "scripts/fuzz/child.ts"),
    ...[name, values.seed, values.seconds, values.only ?? ""],
  ],
  {
    stdio: ["ignore", "pipe", "inherit", place],
    env: { ...process.env, TSX_TSCONFIG_PATH: join(root, "scripts/fuzz/tsconfig.json") },
  },
);
const timer = setTimeout(() => child.kill("SIGKILL"), Number(values.seconds) * 1000 + graceMs);
let stdout = "";
child.stdout?.setEncoding("utf8").on("data", (part: string) => {
  stdout += part;
});
const [code, signal] = await new Promise<[number | null, string | null]>((resolve) => {
  child.once("close", (...ended) => resolve(ended));
});
clearTimeout(timer);
const { executions, accepted, findings } = outcome();
closeSync(place);
for (const finding of findings) {
  const line = { target: name, seed: values.seed, ...finding };
  appendFileSync(join(root, "fuzz-findings.jsonl"), `${JSON.stringify(line)}\n`);
  process.stdout.write(`${name} --seed ${values.seed} --only ${finding.index}: ${finding.what}\n`);
}
process.stdout.write(
  `${name}: ${executions} inputs, ${accepted} taken for good, ${findings.length} findings, seed ${values.seed}\n`,
);
process.exitCode = findings.length === 0 ? 0 : 1;

function outcome(): v.InferOutput<typeof Result> {
  if (code === 0) return v.parse(v.pipe(v.string(), v.parseJson(), Result), stdout);
  const bytes = readFileSync(join(folder, `${process.pid}`));
  const index = bytes.length === 8 ? Number(bytes.readBigUInt64LE()) : 0;
  return {
    executions: index + 1,
    accepted: 0,
    findings: [{ index, what: `the process ended with ${signal ?? code}` }],
  };
}
