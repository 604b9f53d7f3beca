import { Option } from "commander";
import { collect } from "../args/collect.ts";

/** The option `--filter` of a command, with what completion offers for it: `status=running`, `label=`. */
export class FilterOption extends Option {
  readonly offered: readonly string[];

  constructor(flags: string, description: string, offered: readonly string[]) {
    super(flags, description);
    this.offered = offered;
    this.argParser(collect).default([]);
  }
}

/** What can be typed for keys: with each of its words where a key has some, else up to the value. */
export function offersOf(keys: Readonly<Record<string, { words?: readonly string[] }>>): string[] {
  return Object.entries(keys).flatMap(([key, { words = [""] }]) =>
    words.map((word) => `${key}=${word}`),
  );
}
