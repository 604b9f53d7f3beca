/** The command lines of the README and of docs/, run as they stand there, on real VMs. */
import { symlinkSync } from "node:fs";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { blocksOf, userPages } from "../scripts/support/blocks.ts";
import { repository } from "../scripts/support/paths.ts";
import { documentedLines, furnish, isRunHere, preparations, runLine } from "./support/docs.ts";
import { Virtc } from "./support/virtc.ts";

/** Words that come out as they stand in the document, but for tables, times and measurements. */
const asItStands = /^[\w./:-]+$/;

let virtc: Virtc;
beforeAll(async () => {
  virtc = await Virtc.create();
  furnish(virtc.folder);
  symlinkSync(join(repository, "packages/virtc/bin/virtc"), join(virtc.folder, "bin/virtc"));
});
afterEach(() => virtc.removeAll());
afterAll(async () => {
  expect(await virtc.end()).toEqual([]);
});

const run = (command: string) => runLine(virtc, virtc.folder, command);

describe.each(userPages())("%s", (page) => {
  const blocks = blocksOf(page).filter(({ language }) => language === "console");
  it.each(blocks.map((block) => [block.line, block] as const))("line %i", async (_, block) => {
    const lines = documentedLines(block).filter(isRunHere);
    for (const command of preparations(lines)) {
      expect(await run(command), command).toMatchObject({ code: 0 });
    }
    for (const { command, output } of lines) {
      const ran = await run(command);
      expect(ran, command).toMatchObject({ code: 0 });
      for (const text of output.filter((line) => asItStands.test(line))) {
        expect(ran.output.split(/\r?\n/), command).toContain(text);
      }
    }
  });
});
