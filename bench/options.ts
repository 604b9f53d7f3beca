import { parseArgs } from "node:util";

export const benchmarks = [
  "cold",
  "cli",
  "exec",
  "stream",
  "network",
  "net",
  "memory",
  "density",
] as const;
export type Benchmark = (typeof benchmarks)[number];

export interface Options {
  json: boolean;
  only: readonly Benchmark[];
  /** How often each thing is measured; undefined: as often as it deems right. */
  runs: number | undefined;
  densityLimitMiB: number;
}

export const usage = `usage: npm run bench -- [options]
  --json                  one JSON object a line: name, ratio, n, p50, rawP50, unit
  --only NAMES            of ${benchmarks.join(",")}
  --runs N                measure each thing N times
  --density-limit MIB     how much memory density may fill, default 4096
`;

/** Throws with a message for people when it is not as `usage` says. */
export function parseOptions(argv: readonly string[]): Options | "help" {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      json: { type: "boolean", default: false },
      only: { type: "string" },
      runs: { type: "string" },
      "density-limit": { type: "string", default: "4096" },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) return "help";
  return {
    json: values.json,
    only: values.only === undefined ? benchmarks : values.only.split(",").map(benchmark),
    runs: values.runs === undefined ? undefined : positive("--runs", values.runs),
    densityLimitMiB: positive("--density-limit", values["density-limit"]),
  };
}

function benchmark(name: string): Benchmark {
  const found = benchmarks.find((known) => known === name);
  if (found !== undefined) return found;
  throw new Error(`--only: there is no benchmark "${name}"; there are ${benchmarks.join(", ")}`);
}

function positive(name: string, text: string): number {
  if (/^[1-9]\d{0,6}$/.test(text)) return Number(text);
  throw new Error(`${name}: "${text}" is not a whole number from 1`);
}
