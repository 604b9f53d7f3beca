import type { Command } from "commander";
import { collect } from "../../args/collect.ts";
import { given } from "../../args/given.ts";
import { parseIPv4, parseIPv6, parseMac } from "../../args/network/addresses.ts";
import { parseHostName, parseInterfaceName, parseNetworkName } from "../../args/network/names.ts";
import { optional } from "../../args/optional.ts";
import type { Context } from "../../context.ts";
import { examples } from "../examples.ts";

interface ConnectOptions {
  ip?: string;
  ip6?: string;
  macAddress?: string;
  interface?: string;
  alias: string[];
}

export function define(group: Command, context: Context): void {
  group
    .command("connect")
    .summary("bring a running container into a network")
    .description(
      "Brings a running container into a network, by a link of its own. All containers of its VM are in\n" +
        "that network then.",
    )
    .argument("<network>", "name of the network")
    .argument("<container>", "name of the container")
    .option("--ip <address>", "IPv4 address in the network")
    .option("--ip6 <address>", "IPv6 address in the network")
    .option("--mac-address <address>", "Ethernet address in the network")
    .option("--interface <name>", "what the container calls the link (default: eth1, eth2...)")
    .option("--alias <name>", "further name in the network", collect, [])
    .action(async (network: string, container: string, options: ConnectOptions) => {
      const attachment = attachmentOf(network, options);
      await (await context.library()).connectNetwork(container, attachment);
    })
    .addHelpText(
      "after",
      examples(
        "virtc network connect front web",
        "virtc network connect --ip 10.90.0.5 --alias db front web",
      ),
    );
}

function attachmentOf(network: string, options: ConnectOptions) {
  const aliases = options.alias.map((name) => parseHostName("--alias", name));
  return {
    name: parseNetworkName("the network", network),
    ...given({
      ip: optional(options.ip, (text) => parseIPv4("--ip", text)),
      ip6: optional(options.ip6, (text) => parseIPv6("--ip6", text)),
      macAddress: optional(options.macAddress, (text) => parseMac("--mac-address", text)),
      interfaceName: optional(options.interface, (text) => parseInterfaceName("--interface", text)),
    }),
    ...(aliases.length > 0 && { aliases }),
  };
}
