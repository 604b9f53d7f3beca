import { isIP } from "node:net";
import * as v from "valibot";
import { hostName } from "../config/network/names.ts";
import type { DnsConfig } from "../config/network/network.ts";
import type { ResolvConf } from "../host/resolv-conf.ts";

/** How a network wants its guests to resolve names. */
export interface NetworkDns {
  nameservers: readonly string[];
  domain?: string | undefined;
  search: readonly string[];
  options: readonly string[];
}

/**
 * The text of /etc/resolv.conf: what the configuration says, or else the networks; servers that neither names, and the
 * domains and options beside the networks', are this host's. What is none, whoever said it, is left out.
 */
export function resolvConfText(
  config: DnsConfig,
  networks: readonly NetworkDns[],
  host: ResolvConf,
): string {
  const ofNetworks = networks.flatMap(({ nameservers }) => nameservers).filter(isAddress);
  const servers = config.servers ?? (ofNetworks.length > 0 ? ofNetworks : host.servers);
  const domains = networks.flatMap(({ search, domain }) => [
    ...search,
    ...(domain ? [domain] : []),
  ]);
  const searches = config.searches ?? [...domains, ...host.searches];
  const options = config.options ?? [
    ...networks.flatMap((network) => network.options),
    ...host.options,
  ];
  const lines = [
    ...once(servers.filter(isAddress)).map((server) => `nameserver ${server}`),
    line("search", searches.filter(isDomain)),
    line("options", options.filter(isOption)),
  ];
  return lines.map((text) => (text === "" ? "" : `${text}\n`)).join("");
}

function line(keyword: string, values: readonly string[]): string {
  return values.length === 0 ? "" : [keyword, ...once(values)].join(" ");
}

function once(values: readonly string[]): string[] {
  return [...new Set(values)];
}

function isAddress(text: string): boolean {
  return isIP(text) !== 0 && !text.includes("%");
}

function isDomain(text: string): boolean {
  return v.is(hostName, text.replace(/\.$/, ""));
}

function isOption(text: string): boolean {
  return /^[a-z0-9-]{1,64}(:[0-9]{1,9})?$/.test(text);
}
