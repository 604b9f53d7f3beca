import { plain } from "./template/json.ts";

/** One thing that a list tells of each of its rows. */
export interface Field<T> {
  /** What stands above it in a table. */
  header: string;
  of(one: T): unknown;
}

/** What templates can name of a row, called as docker calls it. */
export type View<T> = Readonly<Record<string, Field<T>>>;

/** A row as a template sees it. */
export function rowOf<T>(view: View<T>, one: T): Record<string, unknown> {
  return Object.fromEntries(Object.entries(view).map(([name, { of }]) => [name, of(one)]));
}

/** A field that takes a label's name: `{{.Label "tier"}}`. */
export function labelField<T>(labels: (one: T) => Readonly<Record<string, string>>): Field<T> {
  return {
    header: "LABEL",
    of: (one) => (name: unknown) => new Map(Object.entries(labels(one))).get(String(name)) ?? "",
  };
}

/** Labels on one line, as `a=1,b=2`. */
export function labelsLine(labels: Readonly<Record<string, string>>): string {
  return Object.entries(labels)
    .map(([name, value]) => `${name}=${value}`)
    .join(",");
}

/** A text cut to its first characters, with an ellipsis for the rest. */
export function shortened(text: string, length: number): string {
  return text.length > length ? `${text.slice(0, length - 1)}…` : text;
}

/** What JSON has of a row: all but what takes arguments. */
export function jsonOf<T>(view: View<T>, one: T): unknown {
  return plain(rowOf(view, one));
}
