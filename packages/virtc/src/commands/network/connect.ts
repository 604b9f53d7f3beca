import type { Command } from "commander";
import type { NetworkAttachment } from "virtcontainers";
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
  alias: string[];
  interface?: string;
}

export function define(group: Command, context: Context): void {
  group
    .command("connect")
    .summary("connect a container to one more network")
    .description(
      "Connects a container's VM to one more network: at once where it runs, else when it starts.\n" +
        "Ports are published by `virtc run` alone.",
    )
    .argument("<network>", "name of the network")
    .argument("<container>", "name of the container")
    .option("--ip <address>", "IPv4 address in the network")
    .option("--ip6 <address>", "IPv6 address in the network")
    .option("--mac-address <address>", "Ethernet address in the network")
    .option("--alias <name>", "further name in the network", collect, [])
    .option("--interface <name>", "what the container calls the link (default: the next of eth0…)")
    .action(async (network: string, name: string, options: ConnectOptions) => {
      const attachment = attachmentOf(network, options);
      await (await context.library()).connectNetwork(name, attachment);
      context.stdout.write(`${name}\n`);
    })
    .addHelpText(
      "after",
      examples(
        "virtc network connect front web",
        "virtc network connect --ip 10.90.0.5 --alias db back web",
      ),
    );
}

function attachmentOf(network: string, options: ConnectOptions): NetworkAttachment {
  const aliases = options.alias.map((name) => parseHostName("--alias", name));
  return {
    name: parseNetworkName("network", network, network),
    ...given({
      ip: optional(options.ip, (text) => parseIPv4("--ip", text)),
      ip6: optional(options.ip6, (text) => parseIPv6("--ip6", text)),
      macAddress: optional(options.macAddress, (text) => parseMac("--mac-address", text)),
      aliases: aliases.length > 0 ? aliases : undefined,
      interfaceName: optional(options.interface, (text) =>
        parseInterfaceName("--interface", text, text),
      ),
    }),
  };
}
