/** The title of an HTML page, empty where it has none; undefined for a text that is no such page. */
export function htmlTitle(text: string): string | undefined {
  if (!/^\ufeff?\s*<(?:!doctype\s+html|html|head|body)\b/i.test(text.slice(0, 1024)))
    return undefined;
  return /<title[^>]{0,200}>([^<]{0,200})/i.exec(text.slice(0, 16_384))?.[1]?.trim() ?? "";
}
