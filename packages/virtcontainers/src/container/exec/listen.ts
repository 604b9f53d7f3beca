import type { Readable } from "node:stream";
import type { OutputListener } from "../../config/exec.ts";

/** Tells a function what comes, as text whose characters are whole, each piece when the one before is done with. */
export async function listen(output: Readable, tell: OutputListener): Promise<void> {
  const decoder = new TextDecoder();
  for await (const chunk of output as AsyncIterable<Uint8Array>) {
    const text = decoder.decode(chunk, { stream: true });
    if (text !== "") await tell(text);
  }
  const rest = decoder.decode();
  if (rest !== "") await tell(rest);
}
