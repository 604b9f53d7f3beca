import type { VirtEvent } from "virtcontainers";
import { describe, expect, it } from "vitest";
import { eventTypes as libraryEventTypes } from "../../../virtcontainers/src/config/events.ts";
import { parseMoment } from "../../src/args/moment.ts";
import { runCli } from "../../src/cli.ts";
import { eventTypes } from "../../src/commands/events/filter.ts";
import { eventLine } from "../../src/commands/events/line.ts";
import { testContext } from "../support/context.ts";
import { fakeLibrary } from "../support/library.ts";

const time = "2026-01-01T00:00:00.000Z";
const happened: VirtEvent[] = [
  { type: "created", time, sandboxId: "web" },
  { type: "exited", time, sandboxId: "web", containerId: "web", exitCode: 3 },
  { type: "died", time, sandboxId: "db", reason: "its VM has ended" },
  { type: "networkCreated", time, network: "front" },
  { type: "connected", time, sandboxId: "web", network: "front", interfaceName: "eth0" },
];

async function events(...args: string[]) {
  const library = fakeLibrary(async () => 0);
  library.happened = happened;
  const context = testContext(() => library);
  const code = await runCli(["events", ...args], context);
  return { code, out: context.out(), err: context.err(), calls: library.calls };
}

describe("virtc events", () => {
  it("prints a line for each", async () => {
    const { code, out } = await events();
    expect(code).toBe(0);
    expect(out.split("\n")).toEqual([
      `${time}  created   web`,
      `${time}  exited    web/web  code 3`,
      `${time}  died      db  its VM has ended`,
      `${time}  networkCreated  front`,
      `${time}  connected  web  front (eth0)`,
      "",
    ]);
  });

  it("prints JSON", async () => {
    const { out } = await events("--json");
    expect(
      out
        .trim()
        .split("\n")
        .map((line) => JSON.parse(line)),
    ).toEqual(happened);
  });

  it("filters by name here and by type and time in the library", async () => {
    const options = ["--filter", "name=db", "--filter", "type=died", "--filter", "type=oom"];
    const { out, calls } = await events(...options, "--since", "0", "--until", "2026-01-01");
    expect(out).toBe(`${time}  died      db  its VM has ended\n`);
    expect(calls).toEqual([
      `events ${JSON.stringify({
        since: new Date(0),
        until: new Date("2026-01-01"),
        types: ["died", "oom"],
      })}`,
    ]);
  });

  it.each([
    ["--filter", "type=bogus"],
    ["--filter", "name="],
    ["--filter", "web"],
    ["--since", "yesterday"],
    ["--until", "2026-13-01"],
  ])("refuses %s %s", async (option, value) => {
    const { code, err } = await events(option, value);
    expect(code).toBe(125);
    expect(err).toContain(option);
    expect(err).toContain(value);
  });

  it("shows no escapes of a reason", () => {
    expect(eventLine({ type: "died", time, sandboxId: "a", reason: "\u001b[2J" })).not.toContain(
      "\u001b",
    );
  });
});

it("parses moments", () => {
  const now = Date.parse(time);
  const at = (text: string): string => parseMoment("--since", text, now).toISOString();
  expect(at("now")).toBe(time);
  expect(at("1h30m")).toBe("2025-12-31T22:30:00.000Z");
  expect(at("1767225600")).toBe(time);
  expect(at("2026-01-01T01:00:00+01:00")).toBe(time);
});

it("knows the types of events that the library has", () => {
  expect(eventTypes).toEqual(libraryEventTypes);
});

it("completes the filters", async () => {
  const context = testContext(() => fakeLibrary(async () => 0));
  await runCli(["__complete", "--", "events", "--filter", "type="], context);
  for (const type of eventTypes) expect(context.out()).toContain(`type=${type}`);
});
