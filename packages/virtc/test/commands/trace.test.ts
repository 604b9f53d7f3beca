import { expect, it } from "vitest";
import { runCli } from "../../src/cli.ts";
import { waterfall } from "../../src/commands/trace/waterfall.ts";
import { testContext } from "../support/context.ts";
import { fakeLibrary } from "../support/library.ts";

async function trace(...args: string[]): Promise<string> {
  const context = testContext(() => fakeLibrary(async () => 0));
  expect(await runCli(["trace", ...args], context)).toBe(0);
  return context.out();
}

it("draws each phase where it was in the whole", async () => {
  const lines = (await trace("web")).split("\n");
  expect(lines[0]).toBe("web: created in 100.0 ms, 2026-01-01T00:00:00.000Z");
  expect(lines[1]).toMatch(/^validate {17}\|#{4} {36}\| {5}10\.0 ms$/);
  expect(lines[2]).toMatch(/^boot {21}\| {4}#{36}\| {5}90\.0 ms$/);
  expect(lines[3]).toMatch(/^agent\.createContainer c1 +\| {24}# {15}\| {6}0\.2 ms$/);
  for (const line of lines.slice(1, 4)) expect(line.length).toBeLessThanOrEqual(80);
});

it("takes the last create without a name, and prints JSON", async () => {
  expect(JSON.parse(await trace("--json"))).toMatchObject({ sandboxId: "last", durationMs: 100 });
});

it("tells what failed, without its escapes", () => {
  const phases = [{ name: "boot", startMs: 0, durationMs: 5, error: "no \u001b[1mguest" }];
  const drawn = waterfall({ sandboxId: "sb", startedAt: "then", durationMs: 5, phases }, 20);
  expect(drawn).toContain("sb: failed in 5.0 ms");
  expect(drawn).toContain("boot failed: no ");
  expect(drawn).not.toContain("\u001b");
});
