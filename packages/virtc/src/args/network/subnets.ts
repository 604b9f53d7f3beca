import { BlockList, isIPv4, isIPv6 } from "node:net";
import type { Subnet } from "virtcontainers";
import { badValue } from "../../errors/usage.ts";
import { parseIP } from "./addresses.ts";

/** The texts of --subnet, --gateway and --ip-range. */
export interface SubnetTexts {
  subnet: readonly string[];
  gateway: readonly string[];
  ipRange: readonly string[];
}

/** Each gateway and range belongs to the subnet that it lies in, as in docker. */
export function parseSubnets(texts: SubnetTexts): Subnet[] {
  const subnets = texts.subnet.map((text): Subnet => {
    prefixOf("--subnet", text);
    return { subnet: text };
  });
  for (const text of texts.gateway) {
    const subnet = around(subnets, "--gateway", text, parseIP("--gateway", text));
    if (subnet.gateway !== undefined)
      throw badValue("--gateway", text, `${subnet.subnet} has another one already`);
    subnet.gateway = text;
  }
  for (const text of texts.ipRange) {
    const { address } = prefixOf("--ip-range", text);
    const subnet = around(subnets, "--ip-range", text, address);
    if (subnet.ipRange !== undefined)
      throw badValue("--ip-range", text, `${subnet.subnet} has another one already`);
    subnet.ipRange = text;
  }
  return subnets;
}

interface Prefix {
  address: string;
  length: number;
}

function prefixOf(option: string, text: string): Prefix {
  const [, address = "", digits] = /^([0-9a-fA-F.:]+)\/(\d{1,3})$/.exec(text) ?? [];
  const length = Number(digits);
  const most = isIPv4(address) ? 32 : isIPv6(address) ? 128 : 0;
  if (length >= 1 && length <= most) return { address, length };
  throw badValue(option, text, "it must be a subnet such as 10.90.0.0/24 or fd00:90::/64");
}

function around(subnets: readonly Subnet[], option: string, text: string, address: string): Subnet {
  const family = isIPv4(address) ? "ipv4" : "ipv6";
  const found = subnets.find(({ subnet }) => {
    const { address: first, length } = prefixOf("--subnet", subnet);
    if (isIPv4(first) !== isIPv4(address)) return false;
    const block = new BlockList();
    block.addSubnet(first, length, family);
    return block.check(address, family);
  });
  if (found !== undefined) return found;
  throw badValue(option, text, "it must lie in a --subnet");
}
