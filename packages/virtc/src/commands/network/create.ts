import { type Command, Option } from "commander";
import type { NetworkDriver, NetworkOptions } from "virtcontainers";
import { parseAnnotations } from "../../args/annotations.ts";
import { collect } from "../../args/collect.ts";
import { given } from "../../args/given.ts";
import { drivers, parseDriverOptions } from "../../args/network/driver-options.ts";
import { parseNetworkName } from "../../args/network/names.ts";
import { parseSubnets, type SubnetTexts } from "../../args/network/subnets.ts";
import { optional } from "../../args/optional.ts";
import { parseWhole } from "../../args/whole.ts";
import type { Context } from "../../context.ts";
import { json } from "../../output/json.ts";
import { examples } from "../examples.ts";

interface CreateOptions extends SubnetTexts {
  driver?: NetworkDriver;
  opt: string[];
  ipv6?: boolean;
  internal?: boolean;
  hostAccess?: boolean;
  mtu?: string;
  label: string[];
  json?: boolean;
}

export function define(group: Command, context: Context): void {
  group
    .command("create")
    .summary("make a network")
    .description(
      "Makes a network and prints its name. Its bridge, addresses and rules come with the first container\n" +
        "that is in it. By macvlan and ipvlan containers are hosts of the network that a parent leads to,\n" +
        "with addresses of its --subnet; this host itself does not reach them there.",
    )
    .argument("[network]", "name (default: 12 random hex digits)")
    .addOption(new Option("-d, --driver <driver>", "what it is made of").choices(drivers))
    .option(
      "-o, --opt <key=value>",
      "parent=INTERFACE of this host, which macvlan and ipvlan need; macvlan_mode, ipvlan_mode",
      collect,
      [],
    )
    .option(
      "--subnet <subnet>",
      "such as 10.90.0.0/24; one of IPv4 and one of IPv6 (default: a free one)",
      collect,
      [],
    )
    .option("--gateway <address>", "this host's address in a subnet", collect, [])
    .option("--ip-range <subnet>", "part of a subnet that containers get addresses of", collect, [])
    .option("--ipv6", "IPv6 too")
    .option("--internal", "no way out of it, and no published ports")
    .option("--host-access", "containers reach this host's own services")
    .option("--mtu <bytes>", "largest packet, from 1280 to 65535 (default: 1500)")
    .option("--label <key=value>", "attach a note to the network", collect, [])
    .option("--json", "print the network as JSON")
    .action(async (name: string | undefined, options: CreateOptions) => {
      const wanted = networkOptions(name, options);
      const network = await (await context.library()).networks.create(wanted);
      context.stdout.write(options.json ? json(network) : `${network.name}\n`);
    })
    .addHelpText(
      "after",
      examples(
        "virtc network create front",
        "virtc network create --subnet 10.90.0.0/24 --ip-range 10.90.0.128/25 --ipv6 front",
        "virtc network create --internal back",
        "virtc network create -d macvlan -o parent=eth0 --subnet 192.0.2.0/24 --gateway 192.0.2.1 lan",
      ),
    );
}

function networkOptions(name: string | undefined, options: CreateOptions): NetworkOptions {
  const subnets = parseSubnets(options);
  return given({
    name: optional(name, (text) => parseNetworkName("the network", text)),
    driver: options.driver,
    ...parseDriverOptions(options.driver, options.opt),
    subnets: subnets.length > 0 ? subnets : undefined,
    ipv6: options.ipv6,
    internal: options.internal,
    hostAccess: options.hostAccess,
    mtu: optional(options.mtu, (text) => parseWhole("--mtu", text, 1280, 65_535)),
    labels: options.label.length > 0 ? parseAnnotations("--label", options.label) : undefined,
  });
}
