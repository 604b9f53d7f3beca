import { expect, it } from "vitest";
import packageJson from "../../packages/virtcontainers/package.json" with { type: "json" };
import * as config from "../../packages/virtcontainers/src/faces/config.ts";
import * as host from "../../packages/virtcontainers/src/faces/host.ts";
import { readPage, section, tableRows } from "./support/pages.ts";

const page = readPage("docs/front-ends.md");

it.each(Object.entries({ config, host }))(
  "virtcontainers/%s has what its page says",
  (name, face) => {
    const rows = tableRows(section(page, `## \`virtcontainers/${name}\``)).slice(1);
    const listed = rows.map(([cell = ""]) => cell.replaceAll("`", ""));
    expect(listed.sort()).toEqual(Object.keys(face).sort());
  },
);

it("every subpath has a page", () => {
  const subpaths = Object.keys(packageJson.exports).filter(
    (path) => !/^\.($|\/package)/.test(path),
  );
  expect(subpaths.length).toBeGreaterThan(2);
  for (const path of subpaths) expect(page).toContain(`\`virtcontainers${path.slice(1)}\``);
});
