import { badValue } from "../errors/usage.ts";

/** `KEY=VALUE`, repeated; the last one of a key wins. */
export function parseAnnotations(option: string, texts: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    texts.map((text) => {
      const at = text.indexOf("=");
      if (at < 1) throw badValue(option, text, "it must be KEY=VALUE");
      return [text.slice(0, at), text.slice(at + 1)];
    }),
  );
}
