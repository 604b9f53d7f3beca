/** The command lines of the README and of docs/, run as they stand there, on real VMs. */
import { randomUUID } from "node:crypto";
import { existsSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { blocksOf, userPages } from "../scripts/support/blocks.ts";
import { repository } from "../scripts/support/paths.ts";
import { documentedLines, furnish, isRunHere, preparations, runLine } from "./support/docs.ts";
import { Lab } from "./support/net/lab.ts";
import { forgetNamespaces, namespacesFolder } from "./support/net/named.ts";
import { Virtc } from "./support/virtc.ts";

/** Words that come out as they stand in the document, but for tables, times and measurements. */
const asItStands = /^[\w./:-]+$/;

/** Named namespaces are the machine's, also those that a document makes. */
const hadNamespaces = existsSync(namespacesFolder);

let lab: Lab;
let virtc: Virtc;
beforeAll(async () => {
  // What the documents do to a network, they do to that of a namespace.
  lab = await Lab.create();
  virtc = await Virtc.create({ netns: lab.netns });
  furnish(virtc.folder);
  symlinkSync(join(repository, "packages/virtc/bin/virtc"), join(virtc.folder, "bin/virtc"));
});
afterEach(async () => {
  await virtc.removeAll();
  await virtc.run(["volume", "prune"]);
  await virtc.run(["network", "prune"]);
});
afterAll(async () => {
  expect(await virtc.end()).toEqual([]);
  await lab[Symbol.asyncDispose]();
  if (!hadNamespaces) forgetNamespaces([...namespaces.values()]);
});

async function succeeds(command: string): Promise<string> {
  const { code, output } = await runLine(virtc, virtc.folder, ofThisRun(command));
  if (code !== 0) throw new Error(`${command}: ended with ${code}: ${output}`);
  return output;
}

const documented = userPages()
  .map((page) => ({
    page,
    blocks: blocksOf(page).filter(({ language }) => language === "console"),
  }))
  .filter(({ blocks }) => blocks.length > 0);

/** The named namespaces that the documents make: the machine's, so each has a name of this run alone. */
const run = randomUUID().slice(0, 8);
const namespaces = new Map(
  documented.flatMap(({ blocks }) =>
    blocks.flatMap(({ text }) =>
      [...text.matchAll(/ip netns add (\S+)/g)].map(
        ([, name = ""]) => [name, `${name}-${run}`] as const,
      ),
    ),
  ),
);
function ofThisRun(command: string): string {
  let own = command;
  for (const [name, unique] of namespaces) own = own.replaceAll(name, unique);
  return own;
}

describe.each(documented)("$page", ({ blocks }) => {
  it.each(blocks.map((block) => [block.line, block] as const))("line %i", async (_, block) => {
    const lines = documentedLines(block).filter(isRunHere);
    for (const command of preparations(lines)) {
      await succeeds(command);
    }
    for (const { command, output } of lines) {
      const printed = await succeeds(command);
      for (const text of output.filter((line) => asItStands.test(line))) {
        expect(printed.split(/\r?\n/), command).toContain(text);
      }
    }
  });
});
