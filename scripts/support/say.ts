import { styleText } from "node:util";

const plain = process.stdout.isTTY !== true || Boolean(process.env.NO_COLOR);

export function say(text: string): void {
  process.stdout.write(`${text}\n`);
}

export function heading(text: string): void {
  say(`\n${plain ? `== ${text} ==` : styleText("bold", text)}`);
}

/** What a user would type. */
export function shown(text: string): string {
  return plain ? text : styleText("cyan", text);
}

export function milliseconds(duration: number): string {
  return `${duration.toFixed(0)} ms`;
}
