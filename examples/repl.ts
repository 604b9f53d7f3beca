/**
 * A shell that keeps what it was told: each line of this program's input is run in the same process of the guest, and
 * its output is known from that of the next by a line that only we can write.
 */
import { randomUUID } from "node:crypto";
import { createInterface } from "node:readline";
import { quoteForShell, Sandbox } from "virtcontainers";

await using sandbox = await Sandbox.create();

const shell = sandbox.exec(["sh"]);
const { stdin } = shell;
const output = shell.lines();
const mark = randomUUID();

/** Runs one line; gives what it printed and its exit code, or undefined if the shell has ended. */
async function evaluate(line: string) {
  stdin.write(
    `command eval ${quoteForShell(line)} 2>&1 </dev/null; printf '\\n%s\\n' "${mark} $?"\n`,
  );
  const printed: string[] = [];
  for (;;) {
    const { done, value } = await output.next();
    if (done) return undefined;
    const [word, exitCode] = value.split(" ");
    if (word === mark) {
      // What printf puts before the mark ends a last line without an end, else it is a line more.
      if (printed.at(-1) === "") printed.pop();
      return { printed, exitCode: Number(exitCode) };
    }
    printed.push(value);
  }
}

for await (const line of createInterface({ input: process.stdin })) {
  console.log(`> ${line}`);
  const result = await evaluate(line);
  if (result === undefined) break;
  for (const text of result.printed) console.log(text);
  if (result.exitCode !== 0) console.log(`exit code ${result.exitCode}`);
}
stdin.end();
console.log(`the shell has ended with ${(await shell).exitCode}`);
