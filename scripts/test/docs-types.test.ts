import { basename, join } from "node:path";
import ts from "typescript";
import { expect, it } from "vitest";
import { type Block, blocks } from "../support/blocks.ts";
import { repository } from "../support/paths.ts";

/** What the examples take for granted: each name is declared where a block doesn't do it itself. */
const ambient: Record<string, string> = {
  vc: 'import("virtcontainers").VirtContainers',
  sandbox: 'import("virtcontainers").Sandbox',
  spec: 'import("virtcontainers").OciSpec',
  signal: "AbortSignal",
  keep: "(piece: Uint8Array) => Promise<number>",
  tarStream: "AsyncIterable<Uint8Array>",
  file: 'import("node:fs").WriteStream',
  stream: 'import("node:stream").Duplex',
  port: 'import("node:stream").Duplex',
  token: "Uint8Array",
  nonce: "Uint8Array",
  bytesOfTheLog: "Uint8Array",
  createServer: 'typeof import("node:net").createServer',
  Health: 'typeof import("@virtcontainers/agent-protocol").Health',
  TtrpcServer: 'typeof import("@virtcontainers/ttrpc").TtrpcServer',
  statusOf: "(service: string, signal: AbortSignal) => Promise<number>",
  createTestInstance: 'typeof import("virtcontainers/testing").createTestInstance',
};

/** A block of fields alone is part of this. */
const fields = 'export const config: import("virtcontainers").HypervisorConfig = {';

function programOf(text: string): string {
  const isFields = /^\w+: \[/.test(text);
  const body = isFields ? `${fields}\n${text}};` : text;
  const declared = Object.entries(ambient).filter(([name]) => {
    const used = new RegExp(`(?<![."'\\w])${name}\\b`).test(body);
    const names = `(const|let|using) ${name}\\b|(const|import) \\{[^}]*\\b${name}\\b`;
    return used && !new RegExp(names).test(body);
  });
  const lines = declared.map(([name, type]) => `declare const ${name}: ${type};`);
  return [...lines, body, "export {};\n"].join("\n");
}

function compilerOptions(): ts.CompilerOptions {
  const path = join(repository, "tsconfig.base.json");
  const { config } = ts.readConfigFile(path, ts.sys.readFile);
  return ts.parseJsonConfigFileContent({ ...config, files: [] }, ts.sys, repository).options;
}

it("every example in TypeScript is right in its types", () => {
  const examples = blocks("ts");
  expect(examples.length).toBeGreaterThan(25);
  const place = ({ page, line }: Block) =>
    join(repository, "docs", `${page.replaceAll("/", "-")}-${line}.ts`);
  const sources = new Map(examples.map((block) => [place(block), programOf(block.text)]));
  const options = compilerOptions();
  const host = ts.createCompilerHost(options);
  const { readFile, fileExists, getSourceFile } = host;
  host.fileExists = (path) => sources.has(path) || fileExists(path);
  host.readFile = (path) => sources.get(path) ?? readFile(path);
  host.getSourceFile = (path, language, ...rest) => {
    const text = sources.get(path);
    return text === undefined
      ? getSourceFile(path, language, ...rest)
      : ts.createSourceFile(path, text, language);
  };
  const program = ts.createProgram([...sources.keys()], options, host);
  const found = [...sources.keys()].flatMap((path) => {
    const file = program.getSourceFile(path);
    return [...program.getSyntacticDiagnostics(file), ...program.getSemanticDiagnostics(file)].map(
      ({ messageText }) =>
        `${basename(path)}: ${ts.flattenDiagnosticMessageText(messageText, " ")}`,
    );
  });
  expect(found).toEqual([]);
});

it("no block is of a kind that no test looks at", () => {
  expect(["", "sh", "text"].flatMap(blocks).map(({ page, line }) => `${page}:${line}`)).toEqual([]);
});
