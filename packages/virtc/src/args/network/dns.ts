import type { DnsConfig } from "virtcontainers";
import { badValue, UsageError } from "../../errors/usage.ts";
import { parseIP } from "./addresses.ts";
import { parseHostName } from "./names.ts";

/** The options of --dns, --dns-search and --dns-option, as the parser gives them. */
export interface DnsTexts {
  dns: readonly string[];
  dnsSearch: readonly string[];
  dnsOption: readonly string[];
}

/** The limits of the library's dns. */
const most = { "--dns": 8, "--dns-search": 32, "--dns-option": 32 } as const;

/** What resolv.conf is to have; undefined if nothing was said. */
export function parseDns({ dns, dnsSearch, dnsOption }: DnsTexts): DnsConfig | undefined {
  const servers = each("--dns", dns, parseIP);
  // As docker: a dot stands for no search domain at all.
  const searches = each("--dns-search", dnsSearch, (option, text) =>
    text === "." ? "" : parseHostName(option, text),
  ).filter((name) => name !== "");
  const options = each("--dns-option", dnsOption, parseOption);
  const config = {
    ...(servers.length > 0 && { servers }),
    ...(dnsSearch.length > 0 && { searches }),
    ...(options.length > 0 && { options }),
  };
  return Object.keys(config).length === 0 ? undefined : config;
}

function each(
  option: keyof typeof most,
  texts: readonly string[],
  parse: (option: string, text: string) => string,
): string[] {
  if (texts.length > most[option])
    throw new UsageError(`${option} can be given at most ${most[option]} times`);
  return texts.map((text) => parse(option, text));
}

function parseOption(option: string, text: string): string {
  if (text.length <= 64 && /^[a-z0-9-]+(:[0-9]+)?$/.test(text)) return text;
  throw badValue(option, text, "it must be an option of resolv.conf, such as ndots:1");
}
