import { describe, expect, it, test } from "vitest";
import { template } from "../../src/listing/template/evaluate.ts";

const data = {
  Name: "web",
  Count: 3,
  Running: true,
  Nothing: "",
  Args: ["-c", "echo"],
  State: { Status: "running", Pid: 7 },
  Labels: new Map([
    ["tier", "front"],
    ["app", "shop"],
  ]),
  Mounts: [
    { Source: "/a", Destination: "/b" },
    { Source: "c", Destination: "/d" },
  ],
  Label: (name: unknown) => `label ${name}`,
};

// What Go's text/template makes of the same, with docker's functions.
test.each([
  ["{{.Name}}", "web"],
  ["a {{ .Name }} b", "a web b"],
  ["{{.State.Status}}/{{$.State.Pid}}", "running/7"],
  ["{{json .Args}}", '["-c","echo"]'],
  ["{{json .Labels}}", '{"tier":"front","app":"shop"}'],
  ["{{.State | json}}", '{"Status":"running","Pid":7}'],
  ['{{join .Args ", "}}', "-c, echo"],
  ['{{index (split .Name "e") 1}}', "b"],
  ["{{upper .Name}} {{.Name | title}} {{lower `AB`}}", "WEB Web ab"],
  ['{{index .Labels "tier"}}{{.Labels.app}}', "frontshop"],
  ["{{(index .Mounts 1).Destination}}", "/d"],
  ["{{.Labels.none}}", "<no value>"],
  ["{{if .Running}}up{{else}}down{{end}}", "up"],
  ["{{if .Nothing}}a{{else if eq .Count 3}}b{{else}}c{{end}}", "b"],
  ["{{if and .Running (not .Nothing)}}both{{end}}", "both"],
  ["{{range .Mounts}}{{.Source}}->{{.Destination}};{{end}}", "/a->/b;c->/d;"],
  ["{{range $i, $m := .Mounts}}{{$i}}{{$m.Source}} {{end}}", "0/a 1c "],
  ["{{range $k, $v := .Labels}}{{$k}}={{$v}} {{end}}", "app=shop tier=front "],
  ["{{range .Nothing_}}x{{end}}", undefined],
  ["{{with .State}}{{.Pid}} {{$.Name}}{{end}}", "7 web"],
  ["{{$n := .Name}}{{range .Args}}{{$n}}{{.}} {{end}}", "web-c webecho "],
  ["{{println .Name .Count}}", "web 3\n"],
  [
    '{{printf "%-5s|%5d|%05d|%.2f|%q|%%" .Name .Count 7 1.5 `a"b`}}',
    'web  |    3|00007|1.50|"a\\"b"|%',
  ],
  ["{{len .Args}} {{len .Name}}", "2 3"],
  ["{{truncate .Name 2}}{{pad .Name 1 2}}.", "we web  ."],
  ['{{.Label "tier"}}', "label tier"],
  ["{{.Args}} {{.Labels}}", "[-c echo] map[app:shop tier:front]"],
  ["a {{- .Name -}} b", "aweb" + "b"],
  ["{{/* nothing */}}x", "x"],
  ['{{"}}"}}', "}}"],
  ["{{or .Nothing `none`}} {{gt .Count 2}} {{ne .Name `x` }}", "none true true"],
  ["{{slice .Name 1 2}}", "e"],
])("%s", (text, expected) => {
  if (expected === undefined) expect(() => template(text)(data)).toThrow("there is no field");
  else expect(template(text)(data)).toBe(expected);
});

describe("errors", () => {
  test.each([
    ["{{.name}}", "there is no field .name", "Did you mean .Name?"],
    ["{{.Nope}}", "there is no field .Nope", "There are Name, Count,"],
    ["{{.constructor}}", "there is no field .constructor", "There are"],
    ["{{.Name.Length}}", '"web" has no field Length', undefined],
    ["{{Name}}", "there is no function Name", "{{.Name}}"],
    ["{{nope .Name}}", "there is no function nope", "json"],
    ["{{.Name", "{{ without its }}", undefined],
    ["{{if .Name}}", "{{end}} is missing", undefined],
    ["{{end}}", "{{end}} without its if, with or range", undefined],
    ["{{}}", "{{}} says nothing", undefined],
    ["{{define `x`}}{{end}}", "{{define}} is not known here", undefined],
    ["{{(.Name}}", "( without its )", undefined],
    ["{{.Name)}}", '")" is not understood there', undefined],
    ["{{.Name ! 3}}", '"! 3" is not understood', undefined],
    ["{{range .Running}}{{end}}", "range goes over a list or a map, and true is none", undefined],
    ['{{join .Name ","}}', 'join takes a list, and "web" is none', undefined],
    ["{{index .Args 5}}", "index 5 of", undefined],
    ["{{.Name .Count}}", "takes no arguments", undefined],
    ["{{$x}}", "there is no variable $x", undefined],
    ["{{lt .Name 3}}", "can't be compared", undefined],
    ["{{printf `%d`}}", "printf has no value for %d", undefined],
    ["{{printf `%z` 1}}", "printf knows no %z", undefined],
  ])("%s", (text, message, hint) => {
    const failing = (): string => template(text)(data);
    expect(failing).toThrow(message);
    expect(failing).toThrow(
      expect.objectContaining({
        hint: hint === undefined ? undefined : expect.stringContaining(hint),
      }),
    );
  });
});

it("lets nothing of a value steer the terminal, in JSON neither, and nothing of a prototype be named", () => {
  const evil = { Name: "\u001b[2Jx", Map: new Map([["__proto__", "y"]]) };
  expect(template("{{.Name}}")(evil)).toBe("\ufffd[2Jx");
  expect(template("{{json .}}")(evil)).toBe('{"Name":"\\u001b[2Jx","Map":{"__proto__":"y"}}');
});
