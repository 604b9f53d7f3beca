import { expect, test } from "vitest";
import { allCommands } from "../../src/testing/commands/builtin.ts";
import type { CommandOutput } from "../../src/testing/commands/command.ts";
import { ContainerFiles } from "../../src/testing/files/container-files.ts";

async function sh(script: string, env: Record<string, string> = {}) {
  const said = { stdout: "", stderr: "" };
  const output = (stream: keyof typeof said): CommandOutput => ({
    write: async (data) => {
      said[stream] += Buffer.from(data).toString();
    },
  });
  const program = allCommands({ locked: "not-executable" }).get("sh");
  if (typeof program !== "function") throw new Error("there is no shell");
  const exitCode = await program({
    argv: ["sh", "-c", script],
    args: ["-c", script],
    env,
    cwd: "/",
    user: "",
    containerId: "c1",
    execId: "e1",
    files: new ContainerFiles(),
    stdin: (async function* () {
      yield Buffer.from("input");
    })(),
    stdout: output("stdout"),
    stderr: output("stderr"),
    signal: new AbortController().signal,
    terminal: undefined,
    onSignal: () => {},
  });
  return { exitCode, ...said };
}

test.each<[string, string, number]>([
  ["echo a b  c", "a b c\n", 0],
  ["echo 'a  b' \"c  d\" e\\ f ''", "a  b c  d e f \n", 0],
  ["echo a; echo b\necho c", "a\nb\nc\n", 0],
  ["exit 7; echo no", "", 7],
  ["true && echo yes || echo no", "yes\n", 0],
  ["false && echo yes || echo no", "no\n", 0],
  ["false; echo $?", "1\n", 0],
  ["echo $A-${A}b '$A' \"$A\"", "x-xb $A x\n", 0],
  ["B=1; echo $B; B=2 env | cat", "1\nA=x\nB=2\n", 0],
  ["echo a | cat | cat", "a\n", 0],
  ["cat", "input", 0],
  ["echo a > /dev/null; echo b 2>/dev/null", "b\n", 0],
  ["/bin/echo a # comment", "a\n", 0],
  ["false", "", 1],
  ["", "", 0],
])("%j writes %j and ends with %d", async (script, stdout, exitCode) => {
  expect(await sh(script, { A: "x" })).toEqual({ stdout, stderr: "", exitCode });
});

test.each<[string, string, string, number]>([
  ["echo a >&2", "", "a\n", 0],
  ["nope", "", "sh: nope: not found\n", 127],
  ["nope 2>&1", "sh: nope: not found\n", "", 127],
  ["locked", "", "sh: locked: Permission denied\n", 126],
  ["echo `date`", "", "sh: this shell does not know: `date`\n", 2],
  ["sleep 1 &", "", "sh: this shell does not know: &\n", 2],
  ["echo 'a", "", "sh: the quote ' is not closed\n", 2],
])("%j writes %j and %j and ends with %d", async (script, stdout, stderr, exitCode) => {
  expect(await sh(script)).toEqual({ stdout, stderr, exitCode });
});
