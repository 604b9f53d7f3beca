import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import * as v from "valibot";
import { describe, expect, it } from "vitest";
import { importsOf, readImports } from "../support/imports.ts";
import { folderCycles, Layers, layerFaults } from "../support/layers.ts";
import { readPage, tableRows, top } from "./support/pages.ts";

const json: unknown = JSON.parse(readFileSync(join(top, "scripts/layers.json"), "utf8"));
const trees = Object.entries(v.parse(v.record(v.string(), Layers), json));
const architecture = readPage("ARCHITECTURE.md");

describe.each(trees)("%s", (tree, rules) => {
  const imports = readImports(join(top, tree));
  const folders = readdirSync(join(top, tree), { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name);

  it("imports from the top down only", () => {
    expect(imports.length).toBeGreaterThan(0);
    expect(layerFaults(rules, imports)).toEqual([]);
  });

  it("has no cycles between folders", () => expect(folderCycles(imports)).toEqual([]));

  it("names each folder, and none that is not there", () => {
    const named = [...rules.layers, ...rules.beside].filter((name) => !/\.(ts)?$/.test(name));
    expect(named.sort()).toEqual(folders.sort());
  });

  it("is shown in ARCHITECTURE.md in the same order", () => {
    const start = architecture.indexOf(`Inside \`${tree}\`, from the top down`);
    expect(start).toBeGreaterThan(0);
    const table = architecture.slice(start).split("\n\n")[1] ?? "";
    const shown = tableRows(table)
      .slice(1)
      .map(([cell = ""]) => cell.replace(/^`(.*?)\/?`$/, "$1"));
    expect(shown).toEqual([
      ...rules.layers.filter((name) => folders.includes(name)),
      ...rules.beside,
    ]);
  });
});

describe("layerFaults", () => {
  const rules = { layers: ["index.ts", "upper", "lower", "."], beside: ["doubles"] };
  const faults = (path: string, source: string) => layerFaults(rules, importsOf(path, source));

  it("allows what is below", () => {
    expect(faults("upper/a.ts", 'import { b } from "../lower/b.ts";')).toEqual([]);
    expect(faults("lower/b.ts", 'import { c } from "../c.ts";')).toEqual([]);
    expect(faults("doubles/d.ts", 'export * from "../upper/a.ts";')).toEqual([]);
  });

  it.each([
    ["a value", 'import { a } from "../upper/a.ts";'],
    ["a type", 'import type { A } from "../upper/a.ts";'],
    ["what is passed on", 'export { a } from "../upper/a.ts";'],
    ["a module that is loaded later", 'const { a } = await import("../upper/a.ts");'],
    ["a type in its place", 'let a: import("../upper/a.ts").A;'],
  ])("refuses %s from above", (_, source) => {
    expect(faults("lower/b.ts", source)).toEqual([
      "lower/b.ts imports upper/a.ts, which is above it",
    ]);
  });

  it("refuses what is beside, outside or unknown", () => {
    expect(faults("lower/b.ts", 'import "../doubles/d.ts";')).toEqual([
      "lower/b.ts imports doubles/d.ts, which nobody may",
    ]);
    expect(faults("c.ts", 'import "../other/e.ts";')).toEqual([
      "c.ts leaves the tree: ../other/e.ts",
    ]);
    expect(faults("new/f.ts", 'import "../c.ts";')).toEqual(["new is no layer"]);
  });
});

describe("folderCycles", () => {
  it("finds cycles of any length, at any depth", () => {
    const chain = ["a/x.ts", "b/x.ts", "c/x.ts"];
    const imports = chain.map((from, index) => ({ from, to: chain[(index + 1) % 3] ?? "" }));
    expect(folderCycles(imports)).toEqual(["a -> b -> c -> a"]);
    expect(folderCycles(imports.slice(1))).toEqual([]);
    const deep = imports.map(({ from, to }) => ({ from: `top/${from}`, to: `top/${to}` }));
    expect(folderCycles(deep)).toEqual(["top: a -> b -> c -> a"]);
  });

  it("takes a folder's own files for no folder", () => {
    const imports = [
      { from: "a/x.ts", to: "a/inner/y.ts" },
      { from: "a/inner/y.ts", to: "a/x.ts" },
    ];
    expect(folderCycles(imports)).toEqual([]);
  });
});
