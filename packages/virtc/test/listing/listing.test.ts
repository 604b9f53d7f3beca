import { describe, expect, it, test } from "vitest";
import { type FilterKeys, filtered, parseFilters } from "../../src/listing/filter.ts";
import { formatter } from "../../src/listing/format.ts";
import { labelKey, partKey, truthKey, wordKey } from "../../src/listing/keys.ts";
import { labelField, type View } from "../../src/listing/view.ts";

interface Thing {
  name: string;
  state: string;
  labels: Record<string, string>;
}

const things: Thing[] = [
  { name: "web-1", state: "up", labels: { tier: "front", "a.b/c-d": "1" } },
  { name: "db", state: "down", labels: { tier: "back" } },
];

const view: View<Thing> = {
  Name: { header: "NAMES", of: ({ name }) => name },
  State: { header: "STATE", of: ({ state }) => state },
  Label: labelField(({ labels }) => labels),
};

describe("--format", () => {
  test.each([
    ["{{.Name}}={{.State}}", "web-1=up\ndb=down\n"],
    ["{{.Name}}\\t{{.State}}", "web-1\tup\ndb\tdown\n"],
    ["table {{.Name}}\\t{{.State}}", "NAMES   STATE\nweb-1   up\ndb      down\n"],
    ["table {{upper .Name}}: {{.State}}", "NAMES: STATE\nWEB-1: up\nDB: down\n"],
    ['table {{.Name}}\\t{{.Label "a.b/c-d"}}', "NAMES   B/C D\nweb-1   1\ndb\n"],
    ["json", '{"Name":"web-1","State":"up"}\n{"Name":"db","State":"down"}\n'],
    ["{{json .Name}}", '"web-1"\n"db"\n'],
  ])("%s", (format, text) => expect(formatter(format, view)?.(things)).toBe(text));

  it.each([undefined, "", "table"])("leaves %j to the list itself", (format) => {
    expect(formatter(format, view)).toBeUndefined();
  });

  it("prints headers without rows, and finds what is wrong with a table also then", () => {
    expect(formatter("table {{.Name}}", view)?.([])).toBe("NAMES\n");
    expect(() => formatter("table {{.Nope}}", view)).toThrow("there is no field .Nope");
  });
});

describe("--filter", () => {
  const keys: FilterKeys<Thing> = {
    name: partKey("NAME", ({ name }) => [name]),
    state: wordKey(["up", "down"], ({ state }) => [state]),
    label: labelKey(({ labels }) => labels),
    front: truthKey(({ labels }) => labels.tier === "front"),
  };
  const names = (...texts: string[]) =>
    filtered(things, parseFilters(texts, keys), keys).map(({ name }) => name);

  test.each([
    [[], ["web-1", "db"]],
    [["name=web"], ["web-1"]],
    [["name=^d.$"], ["db"]],
    [["name=("], []],
    [
      ["name=web", "name=db"],
      ["web-1", "db"],
    ],
    [["name=web", "state=down"], []],
    [["label=tier"], ["web-1", "db"]],
    [["label=tier=front"], ["web-1"]],
    [["label=tier=front", "label=a.b/c-d"], ["web-1"]],
    [["label=tier=front", "label=tier=back"], []],
    [["label=constructor"], []],
    [["front=true"], ["web-1"]],
    [["front=0"], ["db"]],
  ])("%j", (texts, expected) => expect(names(...texts)).toEqual(expected));

  test.each([
    ["nope=1", 'there is no key "nope"', "There are name=NAME, state=up or down,"],
    ["toString=1", 'there is no key "toString"', "There are"],
    ["state", "--filter state: a value is missing", "It is state=up or down."],
    ["state=odd", '"odd" is not allowed; it must be up or down', undefined],
    ["front=maybe", "it must be true or false", undefined],
  ])("refuses %s", (text, message, hint) => {
    expect(() => names(text)).toThrow(message);
    expect(() => names(text)).toThrow(
      expect.objectContaining({
        hint: hint === undefined ? undefined : expect.stringContaining(hint),
      }),
    );
  });
});
