import { table } from "../output/table.ts";
import { type Template, template } from "./template/evaluate.ts";
import { functions, type TemplateFunction } from "./template/functions.ts";
import { rowOf, type View } from "./view.ts";

/** Shows rows in a format of the user's; undefined: none was given, and the list has its own. */
export type Formatter<T> = ((rows: readonly T[]) => string) | undefined;

/** Understands `--format`: a template, `table TEMPLATE`, `json`, or `table` for what is shown without it. */
export function formatter<T>(format: string | undefined, view: View<T>): Formatter<T> {
  if (format === undefined || format === "" || format === "table") return undefined;
  if (format === "json") return lines(template("{{json .}}"), view);
  const text = format.replace(/\\t/g, "\t").replace(/\\n/g, "\n");
  if (!hasHeader(text)) return lines(template(text), view);
  const columns = text.replace(/^table\s+/, "");
  const header = template(columns, headerFunctions)(headersOf(view));
  return tableOf(header, template(columns), view);
}

/** Whether what a format gives begins with a line of headers. */
export function hasHeader(format: string): boolean {
  return /^table\s/.test(format);
}

/** As `formatter` for one thing, whose fields are its own. */
export function oneFormatter(format: string): Template {
  const text = template(format === "json" ? "{{json .}}" : format);
  return (value) => `${text(value)}\n`;
}

function lines<T>(text: Template, view: View<T>): Formatter<T> {
  return (rows) => rows.map((one) => `${text(rowOf(view, one))}\n`).join("");
}

function tableOf<T>(header: string, text: Template, view: View<T>): Formatter<T> {
  const cells = (line: string): string[] => line.split("\t");
  return (rows) => {
    const texts = rows.flatMap((one) => text(rowOf(view, one)).split("\n"));
    return table(cells(header), texts.map(cells));
  };
}

function headersOf<T>(view: View<T>): Record<string, unknown> {
  const headers = Object.entries(view).map(([name, { header }]) => [
    name,
    name === "Label" ? labelHeader : header,
  ]);
  return Object.fromEntries(headers);
}

/** As docker's: the last part of the label's name. */
function labelHeader(name: unknown): string {
  return (String(name).split(".").at(-1) ?? "").replace(/[-_]/g, " ").toUpperCase();
}

/** In the line of headers a function leaves its header as it is. */
const headerFunctions: Readonly<Record<string, TemplateFunction>> = Object.fromEntries(
  Object.keys(functions).map((name) => [name, (...args: unknown[]) => args.find(isText) ?? ""]),
);

function isText(value: unknown): boolean {
  return typeof value === "string";
}
