import * as v from "valibot";
import { printable } from "../../errors.ts";
import { htmlTitle } from "../html.ts";
import { registryFailure } from "./failure.ts";
import type { Answer } from "./send.ts";

const maxErrorBytes = 16 * 1024;
const maxShown = 200;

const errorAnswer = v.pipe(
  v.string(),
  v.parseJson(),
  v.object({ errors: v.array(v.object({ message: v.optional(v.string(), "") })) }),
);

/** What a registry itself says of its refusal, in short and after a colon; empty if it says nothing. */
export async function explanationOf(answer: Answer): Promise<string> {
  let text: string;
  try {
    text = (await readAnswer(answer, maxErrorBytes)).toString("utf8");
  } catch {
    return "";
  }
  const title = htmlTitle(text);
  if (title !== undefined) return `: an HTML page${title && `, "${shorten(title)}"`}`;
  const parsed = v.safeParse(errorAnswer, text);
  const said = parsed.success
    ? parsed.output.errors.map(({ message }) => message).join("; ")
    : text;
  const short = shorten(said);
  return short && `: ${short}`;
}

function shorten(text: string): string {
  const line = printable(text.slice(0, maxErrorBytes)).replace(/\s+/g, " ").trim();
  return line.length > maxShown ? `${line.slice(0, maxShown)}…` : line;
}

/** Reads a whole body of bounded size. REGISTRY_FAILED beyond. */
export async function readAnswer(answer: Answer, max: number): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  let size = 0;
  for await (const part of answer.body()) {
    size += part.length;
    if (size > max) {
      throw registryFailure(answer.url.host, `it sent more than ${max} bytes`, undefined);
    }
    parts.push(part);
  }
  return Buffer.concat(parts);
}
