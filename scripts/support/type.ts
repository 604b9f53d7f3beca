import { spawn } from "node:child_process";
import { once } from "node:events";
import { bin } from "./paths.ts";
import { milliseconds, say, shown } from "./say.ts";

/** Runs a command line as a user would type it, and shows it with what it prints and how long it took; gives its exit code. */
export async function type(...args: string[]): Promise<number | null> {
  say(shown(`$ virtc ${args.map(quoted).join(" ")}`));
  const start = performance.now();
  const child = spawn(bin("virtc"), args, { stdio: ["ignore", "inherit", "inherit"] });
  await once(child, "close");
  say(`  exit code ${child.exitCode}, ${milliseconds(performance.now() - start)}`);
  return child.exitCode;
}

function quoted(word: string): string {
  return /^[\w./:=-]+$/.test(word) ? word : `'${word}'`;
}
