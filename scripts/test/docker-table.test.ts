import { expect, it } from "vitest";
import {
  missingCommands,
  missingRunOptions,
} from "../../packages/virtc/src/errors/docker-missing.ts";
import { page, tables } from "../docker-table/page.ts";
import reference from "../docker-table/reference.json" with { type: "json" };
import { commands, runOptions, type Verdict } from "../docker-table/verdicts.ts";
import { readPage } from "./support/pages.ts";

const verdicts = Object.entries({ ...commands, ...runOptions });

it("the page has what docker's words and the definitions of virtc give", async () => {
  // Make it anew by `npm run generate:docker-table`.
  expect(readPage("docs/coming-from-docker.md")).toBe(await page());
});

it("has each of docker's words once, and what is said of others is of none", async () => {
  const words = [...reference.commands, ...reference.subcommands];
  expect(new Set(words).size).toBe(words.length);
  expect(new Set(reference.runOptions).size).toBe(reference.runOptions.length);
  for (const word of [...Object.keys(commands), ...Object.keys(missingCommands)])
    expect(words).toContain(word);
  for (const word of [...Object.keys(runOptions), ...Object.keys(missingRunOptions)])
    expect(reference.runOptions).toContain(word);
});

it("says of what is here no reason why it were not", async () => {
  const { commands: rows, runOptions: options } = await tables();
  const ofOptions = Object.keys(missingRunOptions).map((name) => `--${name}`);
  const missing = [...Object.keys(missingCommands), ...ofOptions];
  const there = [...rows, ...options].filter(({ state }) => state !== "missing");
  expect(there.length).toBeGreaterThan(80);
  for (const { word } of there) expect(missing).not.toContain(word);
});

const held = verdicts.flatMap(([word, verdict]) =>
  "same" in verdict ? [[word, verdict] as const] : [],
);

it.each(held)("what is the same is held by a test: %s", (_word, verdict: Verdict) => {
  if (!("same" in verdict)) return expect.fail();
  const [file, title] = verdict.same;
  const source = readPage(file).replace(/\(\s+/g, "(");
  expect(["'", '"', "`"].some((quote) => source.includes(`(${quote}${title}${quote}`))).toBe(true);
});
