import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type ShellWords, shellScript } from "../../src/container/shell/script.ts";
import { quoteForShell, type Sandbox } from "../../src/index.ts";
import { createTestInstance, type TestInstance } from "../../src/testing/index.ts";
import { refusal, thrown } from "../support/refusal.ts";
import { waiting } from "../support/sandbox.ts";

/** The shells that are here. */
const shells = [
  ["/bin/dash"],
  ["/bin/bash"],
  ["/bin/bash", "--posix"],
  ["/bin/busybox", "sh"],
].filter(([path = ""]) => existsSync(path));

const cwd = mkdtempSync(join(tmpdir(), "virtc-shell-"));
afterAll(() => rmSync(cwd, { recursive: true, force: true }));

/** What would do harm if a shell read it. */
const harmful = [
  "",
  "a b",
  "  spaces  and\ttabs ",
  "it's",
  '"quoted"',
  "$(touch pwned)",
  "`touch pwned`",
  "'; touch pwned; '",
  '"; touch pwned; "',
  "${HOME}",
  "$HOME",
  "* ? [a-z]",
  "line\nfeed\n",
  "\\",
  "\\'",
  "a\\nb",
  "~root",
  "#no comment",
  "-n",
  "EOF",
  "!history",
  "grün €",
  ") touch pwned (",
  "} touch pwned {",
];

function script(strings: TemplateStringsArray, ...values: ShellWords[]): string {
  return shellScript(strings.raw, values);
}

function run([path = "", ...args]: string[], text: string): string {
  const said = execFileSync(path, [...args, "-c", text], { cwd, encoding: "utf8" });
  expect(existsSync(join(cwd, "pwned"))).toBe(false);
  return said;
}

/** Places where a value is one word, and what is said of it then. */
const places: [string, (value: string) => string, (value: string) => string][] = [
  ["a word", (v) => script`printf '<%s>' ${v} a${v}b`, (v) => `<${v}><a${v}b>`],
  ["double quotes", (v) => script`printf '<%s>' "in ${v}s" "\"${v}"`, (v) => `<in ${v}s><"${v}>`],
  ["single quotes", (v) => script`printf '<%s>' 'in ${v}s'`, (v) => `<in ${v}s>`],
  [
    "a comment",
    (v) => script`# of ${v} is nothing said
    printf '<%s>' ${v} # nor ${v} here`,
    (v) => `<${v}>`,
  ],
  ["a substitution", (v) => script`x=$(printf '%s.' ${v}); printf '<%s>' "$x"`, (v) => `<${v}.>`],
  [
    "one in quotes",
    (v) => script`printf '<%s>' "it's $(printf '%s.' "${v}" ${v})"`,
    (v) => `<it's ${v}.${v}.>`,
  ],
  ["backticks", (v) => script`x=\`printf '%s.' ${v}\`; printf '<%s>' "$x"`, (v) => `<${v}.>`],
  ["braces", (v) => script`printf '<%s>' "\${none:-${v}}"`, (v) => `<${v}>`],
  ["an assignment", (v) => script`x=${v}; printf '<%s>' "$x"`, (v) => `<${v}>`],
  ["a function", (v) => script`f() { printf '<%s>' ${v} "$1"; }; f other`, (v) => `<${v}><other>`],
  ["a pattern", (v) => script`case ${v} in ${v}) printf same;; esac`, () => "same"],
  [
    "a document",
    (v) => script`cat <<END; printf after
it's ${v}
END
printf '<%s>' ${v}`,
    (v) => `it's ${v}\nafter<${v}>`,
  ],
  [
    "an indented one",
    (v) => script`cat <<-END
	its "${v}
	END
printf '<%s>' ${v}`,
    (v) => `its "${v}\n<${v}>`,
  ],
];

describe.each(shells)("in %s %s", (...shell) => {
  test.each(places)("a value in %s is itself, whatever is in it", (_place, put, says) => {
    for (const value of harmful) expect(run(shell, put(value))).toBe(says(value));
  });

  test("a list is as many words as it has", () => {
    const words = ["a b", "$(touch pwned)", "it's", ""];
    expect(run(shell, script`printf '<%s>' ${words} ${[]} ${3} ${true} x${["y"]}`)).toBe(
      "<a b><$(touch pwned)><it's><><3><true><xy>",
    );
    expect(run(shell, script`for one in ${["1", "2 3"]}; do printf '<%s>' "$one"; done`)).toBe(
      "<1><2 3>",
    );
  });

  test("numbers can be calculated with", () => {
    expect(run(shell, script`printf '<%s>' $((${2} + (${-3} * 4))) "$((${"7"} % 4))" ${5n}`)).toBe(
      "<-10><3><5>",
    );
  });

  test("what has no values is run as it was written", () => {
    expect(run(shell, script`printf '%s\n' 'a\.b' \${#} "\$x"`)).toBe("a\\.b\n0\n$x\n");
  });

  test("a text that was quoted is one word", () => {
    for (const value of harmful)
      expect(run(shell, `printf '<%s>' ${quoteForShell(value)}`)).toBe(`<${value}>`);
  });
});

test.each<[string, () => string, string]>([
  ["nothing", () => script`ls ${JSON.parse("null")}`, "values.0"],
  ["an object", () => script`ls ${"a"} ${JSON.parse("{}")}`, "values.1"],
  ["a list in a list", () => script`ls ${JSON.parse('[["a"]]')}`, "values.0"],
  ["no number", () => script`ls ${Number.NaN}`, "values.0"],
  ["a NUL", () => script`ls ${"a\0b"}`, "values.0"],
  ["a list in quotes", () => script`ls "${["a", "b"]}"`, "values.0"],
  ["an expression", () => script`echo $((${"a[$(touch pwned)]"} + 1))`, "values.0"],
  [
    "a value that is taken as it is written",
    () => script`cat <<'END'
${"a"}
END`,
    "values.0",
  ],
])("%s is refused by its place", (_what, put, field) => {
  expect(thrown(put)).toMatchObject({ code: "INVALID_ARGUMENT", field });
});

describe("in a sandbox", () => {
  let instance: TestInstance;
  let sandbox: Sandbox;
  beforeAll(async () => {
    instance = await createTestInstance();
    sandbox = await instance.vc.runSandbox({ containers: [waiting] });
  });
  afterAll(async () => {
    await sandbox.release();
    await instance[Symbol.asyncDispose]();
  });

  test("a script gives its result, and throws where it fails", async () => {
    expect((await sandbox.sh`echo one; echo two`).stdout).toBe("one\ntwo\n");
    const error = await refusal(sandbox.sh`echo it broke >&2; exit 3`, "EXIT_CODE");
    expect([error.exitCode, error.message]).toEqual([3, "sh ended with exit code 3: it broke"]);
    const silent = await refusal(sandbox.sh`echo the last words; exit 4`, "EXIT_CODE");
    expect(silent.message).toBe("sh ended with exit code 4: the last words");
    const { exitCode, stderr } = await sandbox.sh`echo no >&2; exit 3`.nothrow();
    expect([exitCode, stderr]).toEqual([3, "no\n"]);
  });

  test("has values that are data on doubles, too", async () => {
    const { stdout } = await sandbox.sh`echo ${"it's $HOME"} "in ${"a  b"}" ${["x", "y z"]} | cat`;
    expect(stdout).toBe("it's $HOME in a  b x y z\n");
  });

  test("has options, is read as it comes, and takes input", async () => {
    expect((await sandbox.sh({ cwd: "/tmp", env: { A: "b" } })`pwd; env`).stdout).toMatch(
      /^\/tmp\n(.|\n)*^A=b$/m,
    );
    const lines: string[] = [];
    for await (const line of sandbox.sh`echo 1; echo 2`.lines()) lines.push(line);
    expect(lines).toEqual(["1", "2"]);
    expect((await sandbox.sh({ stdin: "in" })`cat`).stdout).toBe("in");
    const misspelt: object = { cwdd: "/" };
    expect((await refusal(sandbox.sh(misspelt)`pwd`)).field).toBe("options.cwdd");
    const asText = (): unknown => Reflect.apply(sandbox.sh, sandbox, ["ls"]);
    expect(thrown(asText)).toMatchObject({ code: "INVALID_ARGUMENT", field: "sh" });
  });
});
