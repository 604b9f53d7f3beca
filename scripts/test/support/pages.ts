import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** The top folder of the repository. */
export const top = fileURLToPath(new URL("../../..", import.meta.url));

/** All documents, relative to the top folder. */
export function pages(): string[] {
  const inFolder = (folder: string): string[] =>
    readdirSync(join(top, folder))
      .filter((name) => name.endsWith(".md"))
      .map((name) => join(folder, name));
  return [...inFolder("."), ...inFolder("docs")];
}

export function readPage(path: string): string {
  return readFileSync(join(top, path), "utf8");
}

/** The cells of all rows of the tables in a text, but for their heads. */
export function tableRows(text: string): string[][] {
  return text
    .split("\n")
    .filter((line) => line.startsWith("|") && !/^\|[-|: ]+\|$/.test(line))
    .map((line) =>
      line
        .slice(1, -1)
        .split("|")
        .map((cell) => cell.trim()),
    );
}

/** The part of a text below a heading, up to the next heading of the same or a higher level. */
export function section(text: string, heading: string): string {
  const level = /^#+/.exec(heading)?.[0].length ?? 1;
  const start = text.indexOf(`\n${heading}\n`);
  if (start < 0) throw new Error(`there is no heading "${heading}"`);
  const rest = text.slice(start + heading.length + 2);
  const end = rest.search(new RegExp(`^#{1,${level}} `, "m"));
  return end < 0 ? rest : rest.slice(0, end);
}
