import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import ts from "typescript";

/** One file of a tree that names another one: both relative to the tree. */
export interface Import {
  from: string;
  to: string;
}

/** All relative imports of the TypeScript files below a folder, of types and dynamic ones too. */
export function readImports(tree: string): Import[] {
  return readdirSync(tree, { recursive: true, encoding: "utf8" })
    .filter((path) => path.endsWith(".ts"))
    .flatMap((path) => importsOf(path, readFileSync(join(tree, path), "utf8")));
}

export function importsOf(path: string, source: string): Import[] {
  return ts
    .preProcessFile(source, true, true)
    .importedFiles.filter(({ fileName }) => fileName.startsWith("."))
    .map(({ fileName }) => ({ from: path, to: relative(".", join(dirname(path), fileName)) }));
}
