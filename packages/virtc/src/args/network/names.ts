import { badValue } from "../../errors/usage.ts";
import type { Check } from "./addresses.ts";

const named =
  (pattern: RegExp, most: number, rule: string): Check =>
  (option, text, value = text) => {
    if (value.length <= most && pattern.test(value)) return value;
    throw badValue(option, text, rule);
  };

const label = "[a-zA-Z0-9_](?:[a-zA-Z0-9_-]{0,61}[a-zA-Z0-9_])?";

/** A name that hosts are known by. */
export const parseHostName = named(
  new RegExp(`^${label}(?:\\.${label})*$`),
  253,
  "it must be a host name of letters, digits, dots and dashes",
);

/** What a network is called. */
export const parseNetworkName = named(
  /^[a-zA-Z0-9][a-zA-Z0-9_.-]*$/,
  64,
  "a network's name has 1 to 64 characters of [a-zA-Z0-9_.-] and begins with a letter or digit",
);

/** What the guest calls a link. */
export const parseInterfaceName = named(
  /^[a-zA-Z][a-zA-Z0-9_.-]*$/,
  15,
  "an interface's name has 1 to 15 characters of [a-zA-Z0-9_.-] and begins with a letter",
);
