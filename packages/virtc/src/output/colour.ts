import type { Output } from "../context.ts";

const codes = { red: 31, green: 32, yellow: 33, bold: 1, dim: 2 } as const;
export type Colour = keyof typeof codes;

/** Colours a text if the stream is a terminal and NO_COLOR (no-color.org) is not set. */
export function paint(colour: Colour, text: string, to: Output, env: NodeJS.ProcessEnv): string {
  if (!to.isTTY || env.NO_COLOR || env.TERM === "dumb") return text;
  return `\u001b[${codes[colour]}m${text}\u001b[0m`;
}
