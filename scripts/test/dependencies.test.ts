import { readdirSync } from "node:fs";
import { join } from "node:path";
import * as v from "valibot";
import { expect, it } from "vitest";
import { debianPackages } from "../support/apt.ts";
import { readPage, section, tableRows, top } from "./support/pages.ts";

const page = readPage("docs/dependencies.md");
const Package = v.object({
  dependencies: v.optional(v.record(v.string(), v.string()), {}),
  devDependencies: v.optional(v.record(v.string(), v.string()), {}),
});

/** The names that begin the rows of a section's tables. */
function listed(heading: string): string[] {
  const rows = tableRows(section(page, heading));
  const names = rows.flatMap(([cell = ""]) => [...cell.matchAll(/`([^`]+)`/g)].map(([, n]) => n));
  return names.filter((name) => name !== undefined).sort();
}

function packageJson(path: string): v.InferOutput<typeof Package> {
  return v.parse(Package, JSON.parse(readPage(path)));
}

it("lists the npm packages that are published ones need", () => {
  const used = new Set<string>();
  for (const folder of readdirSync(join(top, "packages"))) {
    const { dependencies, devDependencies } = packageJson(`packages/${folder}/package.json`);
    for (const name of [...Object.keys(dependencies), ...Object.keys(devDependencies)]) {
      if (!/^(@virtcontainers\/.*|virtcontainers)$/.test(name)) used.add(name);
    }
  }
  expect(listed("## npm, in what is published")).toEqual([...used].sort());
});

it("lists the npm packages of the repository", () => {
  const { devDependencies } = packageJson("package.json");
  expect(listed("## npm, in this repository only")).toEqual(Object.keys(devDependencies).sort());
});

it("lists the crates", () => {
  const used = new Set<string>();
  for (const path of ["guest/agent/Cargo.toml", "packages/ttrpc/interop/Cargo.toml"]) {
    for (const [, table = ""] of readPage(path).matchAll(/dependencies\]\n(.*?)(?:\n\n|$)/gs)) {
      for (const [, name = ""] of table.matchAll(/^([\w-]+) *=/gm)) used.add(name);
    }
  }
  expect(listed("## Rust, in the guest agent")).toEqual([...used].sort());
});

it("lists the Debian packages", async () => {
  const { runtime, build, test } = await debianPackages("12");
  const newer = (await debianPackages("13")).runtime;
  const everywhere = [...new Set([...runtime, ...newer])];
  expect(listed("### On every host (`runtime`)")).toEqual(everywhere.sort());
  expect(listed("### To build the guest (`build`)")).toEqual([...build].sort());
  expect(listed("### For tests (`test`)")).toEqual([...test].sort());
});
