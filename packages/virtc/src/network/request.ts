import type { NetworkAttachment, SandboxNetwork } from "virtcontainers";
import { given } from "../args/given.ts";
import { parseIPv4, parseIPv6, parseMac } from "../args/network/addresses.ts";
import { parseDns } from "../args/network/dns.ts";
import { parseEgress } from "../args/network/egress.ts";
import { parseAddHost } from "../args/network/hosts.ts";
import { parseHostName } from "../args/network/names.ts";
import { type NetworkChoice, parseNetworks } from "../args/network/network.ts";
import { type Published, parsePublish } from "../args/network/publish.ts";
import { parseRate } from "../args/network/rate.ts";
import { optional } from "../args/optional.ts";
import { UsageError } from "../errors/usage.ts";
import type { NetworkOptions } from "./options.ts";
import { givenOptions, refuseForeign } from "./refuse.ts";

/** The network that is asked for, checked as far as the command line alone allows. */
export interface NetworkRequest {
  /** Undefined where a file says it. */
  choice: NetworkChoice | undefined;
  /** What is the same whatever network it is. */
  settings: Omit<SandboxNetwork, "networks">;
  published: Published[];
  publishAll: boolean;
}

/** The most ports that the library takes. */
export const mostPorts = 1024;

/** Checks the options of a network; VIRTC_NETWORK stands for --network where that is left out. */
export function parseNetwork(options: NetworkOptions, env: NodeJS.ProcessEnv): NetworkRequest {
  const choice = choose(options, env);
  refuseForeign(choice, options);
  const published = options.publish.flatMap(parsePublish);
  if (published.length > mostPorts)
    throw new UsageError(`--publish: at most ${mostPorts} ports can be published`);
  return {
    choice:
      choice?.kind === "networks" ? { ...choice, networks: applied(choice, options) } : choice,
    settings: given({
      dns: parseDns(options),
      hosts: hostsOf(options.addHost),
      egress: parseEgress(options.egress),
      rxRateBits: optional(options.rxRate, (text) => parseRate("--rx-rate", text)),
      txRateBits: optional(options.txRate, (text) => parseRate("--tx-rate", text)),
    }),
    published,
    publishAll: options.publishAll ?? false,
  };
}

/** Who asks for what only a network has, asks for one. */
function choose(options: NetworkOptions, { VIRTC_NETWORK }: NodeJS.ProcessEnv): NetworkChoice {
  if (options.network.length > 0) return parseNetworks(options.network);
  if (VIRTC_NETWORK) return parseNetworks([VIRTC_NETWORK], "VIRTC_NETWORK");
  const asked = givenOptions(options).length > 0;
  return asked ? { kind: "networks", networks: [{ name: "bridge" }] } : { kind: "default" };
}

/** The options about an address are for the only network. */
function applied(
  { networks }: { networks: readonly NetworkAttachment[] },
  options: NetworkOptions,
): NetworkAttachment[] {
  const aliases = options.networkAlias.map((name) => parseHostName("--network-alias", name));
  const own = given({
    ip: optional(options.ip, (text) => parseIPv4("--ip", text)),
    ip6: optional(options.ip6, (text) => parseIPv6("--ip6", text)),
    macAddress: optional(options.macAddress, (text) => parseMac("--mac-address", text)),
  });
  const [only, ...others] = networks;
  if (only === undefined || (Object.keys(own).length === 0 && aliases.length === 0))
    return [...networks];
  if (others.length > 0) {
    throw new UsageError(
      "--ip, --ip6, --mac-address and --network-alias are for a single network",
      "Say it of each: --network NAME:ip=ADDRESS,mac=ADDRESS,alias=NAME.",
    );
  }
  const all = [...(only.aliases ?? []), ...aliases];
  return [{ ...only, ...own, ...(all.length > 0 && { aliases: all }) }];
}

function hostsOf(texts: readonly string[]): SandboxNetwork["hosts"] {
  const hosts = texts.map(parseAddHost);
  return hosts.length > 0 ? hosts : undefined;
}
