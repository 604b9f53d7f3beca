import type { Command } from "commander";
import { collect } from "../args/collect.ts";
import type { DnsTexts } from "../args/network/dns.ts";

/** The options that say what a sandbox is connected to, as the parser gives them. */
export interface NetworkOptions extends DnsTexts {
  network: string[];
  publish: string[];
  publishAll?: boolean;
  dns: string[];
  dnsSearch: string[];
  dnsOption: string[];
  addHost: string[];
  ip?: string;
  ip6?: string;
  macAddress?: string;
  networkAlias: string[];
  egress: string[];
  rxRate?: string;
  txRate?: string;
}

/** Declares the options that say what a sandbox is connected to. */
export function declareNetworkOptions(command: Command): Command {
  return command
    .optionsGroup("Network:")
    .option(
      "--network <network>",
      "none, bridge, NAME[:ip=,mac=,alias=,interface=], ns:/PATH or container:NAME; several NAMEs " +
        "are several links (default: VIRTC_NETWORK, or bridge; none for a user who can't have one)",
      collect,
      [],
    )
    .option(
      "-p, --publish <port>",
      "[[IP:]HOSTPORT:]PORT[/udp], such as 8080:80; ranges as 8000-8010:8000-8010",
      collect,
      [],
    )
    .option("-P, --publish-all", "publish what the image exposes, on free ports of the host")
    .option("--ip <address>", "IPv4 address in the network")
    .option("--ip6 <address>", "IPv6 address in the network")
    .option("--mac-address <address>", "Ethernet address in the network")
    .option("--network-alias <name>", "further name in the network", collect, [])
    .option("--dns <address>", "name server, instead of the network's", collect, [])
    .option("--dns-search <domain>", "domain to search names in; . for none", collect, [])
    .option("--dns-option <option>", "option of resolv.conf, such as ndots:1", collect, [])
    .option(
      "--add-host <name:address>",
      "line of /etc/hosts; NAME:host-gateway for this host",
      collect,
      [],
    )
    .option(
      "--egress <rule>",
      "allow:RULE, deny:RULE, default:allow or default:deny (the default, where one is given); RULE is " +
        "ADDRESS, BLOCK, NAME or *, [:PORTS] [/tcp|udp|icmp|tls|http], such as allow:*.example.com:443",
      collect,
      [],
    )
    .option("--rx-rate <rate>", "most bits per second to the container, such as 10m")
    .option("--tx-rate <rate>", "most bits per second from the container, such as 10m");
}
