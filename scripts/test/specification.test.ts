import { existsSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { readPage, section, tableRows, top } from "./support/pages.ts";

const page = readPage("SPECIFICATION.md");
const named = [...page.matchAll(/\[[^\]]+\]\(([^)]+\.(?:test\.ts|rs))\) "([^"]+)"/g)].map(
  ([, path = "", title = ""]) => [path, title] as const,
);

it("names tests", () => expect(named.length).toBeGreaterThan(40));

describe.each(named)("%s: %s", (path, title) => {
  it("is there", () => {
    expect(existsSync(join(top, path))).toBe(true);
    const quoted = ['"', "'", "`"].map((quote) => `(${quote}${title}${quote}`);
    const forms = path.endsWith(".rs") ? [`fn ${title}(`] : quoted;
    // A formatter may put the title on a line of its own.
    const source = readPage(path).replace(/\(\s+/g, "(");
    expect(forms.some((text) => source.includes(text))).toBe(true);
  });
});

it("names a test for every promise", () => {
  for (const heading of page.match(/^## .+$/gm) ?? []) {
    if (heading === "## Speed and memory") continue;
    for (const [promise, heldBy = ""] of tableRows(section(page, heading)).slice(1)) {
      expect(heldBy, promise).toMatch(/\.(?:test\.ts|rs)\) "/);
    }
  }
});
