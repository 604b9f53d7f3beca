/**
 * Generates the TypeScript of the agent protocol from its .proto files with
 * protoc and protoc-gen-es. `--check` writes nothing and fails if what is
 * committed is not what would be generated.
 */
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

const root = fileURLToPath(new URL("..", import.meta.url));
const protoFolder = join(root, "packages/agent-protocol/proto");
const genFolder = join(root, "packages/agent-protocol/src/gen");

// The generated enums are no erasable syntax, which the rest of the project keeps to: hence ts_nocheck.
const PLUGIN_OPTIONS = "target=ts,import_extension=ts,ts_nocheck=true";

function generate(folder: string): void {
  const protos = readdirSync(protoFolder).filter((name) => name.endsWith(".proto"));
  const plugin = join(root, "node_modules/.bin/protoc-gen-es");
  execFileSync(
    "protoc",
    [
      `--proto_path=${protoFolder}`,
      `--plugin=protoc-gen-es=${plugin}`,
      `--es_out=${folder}`,
      `--es_opt=${PLUGIN_OPTIONS}`,
      ...protos.sort(),
    ],
    { stdio: "inherit" },
  );
}

/** Names of the files that differ between two folders, or are in one only. */
function differences(left: string, right: string): string[] {
  const read = (folder: string) =>
    new Map(readdirSync(folder).map((name) => [name, readFileSync(join(folder, name), "utf8")]));
  const [a, b] = [read(left), read(right)];
  const names = [...new Set([...a.keys(), ...b.keys()])].sort();
  return names.filter((name) => a.get(name) !== b.get(name));
}

function check(): void {
  const folder = mkdtempSync(join(tmpdir(), "generate-"));
  try {
    generate(folder);
    const changed = differences(genFolder, folder);
    if (changed.length === 0) return;
    console.error(`generate: not up to date: ${changed.join(", ")}; run \`npm run generate\``);
    process.exitCode = 1;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const { values } = parseArgs({ options: { check: { type: "boolean", default: false } } });
if (values.check) {
  check();
} else {
  rmSync(genFolder, { recursive: true, force: true });
  mkdirSync(genFolder, { recursive: true });
  generate(genFolder);
}
