import { UsageError } from "../errors/usage.ts";

/** One key of `--filter`. */
export interface FilterKey<T> {
  /** What its value can be, for errors: `NAME`, `running or exited`. */
  value: string;
  /** All that its value can be, where these are few words. */
  words?: readonly string[];
  /** Every value has to fit, and not one of them, as with labels. */
  every?: boolean;
  /** Checks a value and gives whether a thing fits it; `all` is what the list has. Undefined: it is no such value. */
  fits(value: string, all: readonly T[]): ((one: T) => boolean) | undefined;
}

export type FilterKeys<T> = Readonly<Record<string, FilterKey<T>>>;

/** A filter as it was typed. */
export interface TypedFilter {
  key: string;
  value: string;
}

/** Takes `KEY=VALUE`s apart; one with a key that is not known is refused with the list of those that are. */
export function parseFilters<T>(texts: readonly string[], keys: FilterKeys<T>): TypedFilter[] {
  return texts.map((text) => {
    const at = text.indexOf("=");
    const key = at < 0 ? text : text.slice(0, at);
    if (!Object.hasOwn(keys, key)) {
      throw new UsageError(`--filter: there is no key ${JSON.stringify(key)}`, knownKeys(keys));
    }
    if (at < 0) throw noValue(key, keys);
    return { key, value: text.slice(at + 1) };
  });
}

/** The things that fit: of values of one key one, of different keys all. */
export function filtered<T>(
  all: readonly T[],
  filters: readonly TypedFilter[],
  keys: FilterKeys<T>,
): T[] {
  const tests = Object.entries(keys).flatMap(([key, { every, fits }]) => {
    const chosen = filters.filter((filter) => filter.key === key);
    if (chosen.length === 0) return [];
    const each = chosen.map(({ value }) => fits(value, all) ?? refuse(key, value, keys));
    return [(one: T) => (every ? each.every((fit) => fit(one)) : each.some((fit) => fit(one)))];
  });
  return all.filter((one) => tests.every((test) => test(one)));
}

function refuse<T>(key: string, value: string, keys: FilterKeys<T>): never {
  throw new UsageError(
    `--filter ${key}: ${JSON.stringify(value)} is not allowed; it must be ${keys[key]?.value}`,
  );
}

function noValue<T>(key: string, keys: FilterKeys<T>): UsageError {
  return new UsageError(`--filter ${key}: a value is missing`, `It is ${key}=${keys[key]?.value}.`);
}

function knownKeys<T>(keys: FilterKeys<T>): string {
  const each = Object.entries(keys).map(([key, { value }]) => `${key}=${value}`);
  return `There are ${each.join(", ")}.`;
}
