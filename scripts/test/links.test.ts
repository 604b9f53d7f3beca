import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, it } from "vitest";
import { pages, top } from "./support/pages.ts";

describe.each(pages())("%s", (page) => {
  const text = readFileSync(join(top, page), "utf8").replace(/^```.*?^```/gms, "");

  it("links to nothing that is not there", () => {
    for (const [, target = ""] of text.matchAll(/\]\(([^)\s]+)\)/g)) {
      if (/^https?:/.test(target)) continue;
      const [file = "", anchor] = target.split("#");
      const path = file === "" ? page : join(dirname(page), file);
      expect(existsSync(join(top, path)), `${target} in ${page}`).toBe(true);
      if (anchor !== undefined) expect(anchors(path), `${target} in ${page}`).toContain(anchor);
    }
  });
});

it("the README leads to every page", () => {
  const readme = readFileSync(join(top, "README.md"), "utf8");
  for (const name of readdirSync(join(top, "docs")).filter((file) => file.endsWith(".md"))) {
    expect(readme).toContain(`(docs/${name})`);
  }
});

/** The anchors that GitHub gives the headings of a page. */
function anchors(page: string): string[] {
  const text = readFileSync(join(top, page), "utf8");
  return [...text.matchAll(/^#+ (.+)$/gm)].map(([, heading = ""]) =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N}_ -]/gu, "")
      .replaceAll(" ", "-"),
  );
}
