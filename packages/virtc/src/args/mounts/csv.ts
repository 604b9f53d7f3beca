/**
 * The fields of one line of CSV (RFC 4180): one that begins with a quote ends with one, may have commas, and
 * doubles the quotes in it. Undefined where a quote stands alone.
 */
export function csvFields(line: string): string[] | undefined {
  const fields: string[] = [];
  const field = /(?:"((?:[^"]|"")*)"|([^",]*))(,|$)/y;
  for (;;) {
    const [, quoted, plain = "", end] = field.exec(line) ?? [];
    if (end === undefined) return undefined;
    fields.push(quoted === undefined ? plain : quoted.replaceAll('""', '"'));
    if (end === "") return fields;
  }
}
