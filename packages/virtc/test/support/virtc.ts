import { runCli } from "../../src/cli.ts";
import type { Library } from "../../src/library.ts";
import { testContext } from "./context.ts";

/** What a command line printed and ended with. */
export interface Outcome {
  code: number;
  out: string;
  err: string;
}

/** Runs command lines over a library, each in a process of its own as it were. */
export function over(library: Library): (...argv: string[]) => Promise<Outcome> {
  return async (...argv) => {
    const context = testContext(() => library);
    const code = await runCli(argv, context);
    return { code, out: context.out(), err: context.err() };
  };
}
