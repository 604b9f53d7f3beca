/** What every command loads before it knows what it is to do. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";

const source = fileURLToPath(new URL("../src", import.meta.url));

it("is nothing of the library: what needs it imports it when it runs", () => {
  const files = readdirSync(source, { recursive: true, encoding: "utf8" });
  const eager = files.filter((file) => {
    if (!file.endsWith(".ts")) return false;
    const text = readFileSync(join(source, file), "utf8");
    const imports = text.match(/^(?:import|export) [^;]*? from "virtcontainers[^;]*;/gm) ?? [];
    return imports.some((line) => !/^(?:import|export) type /.test(line));
  });
  expect(eager).toEqual([]);
});
