import type { Context } from "../context.ts";
import { Interrupted } from "../errors/interrupted.ts";

const end = /[\r\n\u0003\u0004]/;

/** Asks for a line on the terminal; a hidden one is not shown as it is typed. Ctrl-C ends it. */
export async function ask(
  question: string,
  { stdin, stderr }: Pick<Context, "stdin" | "stderr">,
  hidden = false,
): Promise<string> {
  stderr.write(question);
  if (hidden) stdin.setRawMode?.(true);
  let typed = "";
  try {
    for await (const chunk of stdin.iterator({ destroyOnReturn: false })) {
      typed += String(chunk);
      const at = typed.search(end);
      if (at < 0) continue;
      if (typed[at] === "\u0003") throw new Interrupted("SIGINT");
      return hidden ? withoutRubbedOut(typed.slice(0, at)) : typed.slice(0, at);
    }
    return typed;
  } finally {
    if (hidden) {
      stdin.setRawMode?.(false);
      stderr.write("\n");
    }
  }
}

/** In raw mode backspace is a character as others are. */
function withoutRubbedOut(text: string): string {
  let kept = "";
  for (const character of text) {
    kept = /[\u0008\u007f]/.test(character) ? kept.slice(0, -1) : kept + character;
  }
  return kept;
}
