import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { repository } from "./paths.ts";

/** A fenced block of a document. */
export interface Block {
  page: string;
  line: number;
  language: string;
  text: string;
}

/** The README, the pages of docs/ and the packages' READMEs: what users read. */
export function userPages(): string[] {
  const packages = readdirSync(join(repository, "packages"));
  return [
    "README.md",
    ...readdirSync(join(repository, "docs")).map((name) => `docs/${name}`),
    ...packages.map((name) => `packages/${name}/README.md`),
  ].filter((path) => path.endsWith(".md"));
}

export function blocksOf(page: string): Block[] {
  const content = readFileSync(join(repository, page), "utf8");
  return [...content.matchAll(/^```(\w*)\n(.*?)^```$/gms)].map((found) => {
    const [, language = "", text = ""] = found;
    const line = content.slice(0, found.index).split("\n").length;
    return { page, line, language, text };
  });
}

export function blocks(language: string): Block[] {
  return userPages()
    .flatMap(blocksOf)
    .filter((block) => block.language === language);
}
