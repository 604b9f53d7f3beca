import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { bin, repository } from "../support/paths.ts";
import { run } from "../support/run.ts";

const tests = `
let tries = 0;
describe("a network", () => {
  it("that wavers", () => expect(++tries).toBe(2));
  it("that works", () => {});
});
`;

it("notes what passed only when it was run again", async () => {
  const folder = mkdtempSync(join(tmpdir(), "virtc-again-"));
  try {
    writeFileSync(join(folder, "one.test.js"), tests);
    const noted = join(folder, "noted");
    const reporter = join(repository, "scripts/support/second-try.ts");
    const args = ["run", "--root", folder, "--globals", "--retry=1", `--reporter=${reporter}`];
    await run(bin("vitest"), args, { env: { VIRTC_SECOND_TRY: noted } });
    expect(readFileSync(noted, "utf8")).toMatch(
      /^one\.test\.js > a network > that wavers: .*expected 1 to be 2.*\n$/,
    );
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
