/** What CHECK of a plugin says of a sandbox that is whole, by a mistake of the plugin. */
interface Mistake {
  type: string;
  says: RegExp;
  /** Whether it is one with these addresses, with their prefixes. */
  holds(addresses: readonly string[]): boolean;
}

const isOf = (family: 4 | 6) => (address: string) => address.includes(":") === (family === 6);

const mistakes: readonly Mistake[] = [
  // It asks for a chain of each family, also where the sandbox has addresses of one alone.
  {
    type: "portmap",
    says: /could not check ipv6 dnat: chain .* not found/,
    holds: (addresses) => !addresses.some(isOf(6)),
  },
  {
    type: "portmap",
    says: /could not check ipv4 dnat: chain .* not found/,
    holds: (addresses) => !addresses.some(isOf(4)),
  },
  // With addresses of both, it looks for the rules of one among those of the other.
  {
    type: "portmap",
    says: /could not check ipv6 dnat: rule .*--to-destination \d+\./,
    holds: () => true,
  },
  {
    type: "portmap",
    says: /could not check ipv4 dnat: rule .*--to-destination \[/,
    holds: () => true,
  },
  // It looks for its files in the folder above theirs, once it has seen that its server runs.
  {
    type: "dnsname",
    says: /(addnhost|dnsmasq\.conf) file missing from configuration/,
    holds: () => true,
  },
];

/** Whether what CHECK of a plugin complains of is no fault of the sandbox's. */
export function isFalseAlarm(type: string, message: string, addresses: readonly string[]): boolean {
  return mistakes.some(
    (each) => each.type === type && each.says.test(message) && each.holds(addresses),
  );
}
