/** Names of an address. */
export interface Host {
  address: string;
  names: readonly string[];
}

/** What every system has. */
const common: readonly Host[] = [
  { address: "127.0.0.1", names: ["localhost"] },
  { address: "::1", names: ["localhost", "ip6-localhost", "ip6-loopback"] },
  { address: "fe00::0", names: ["ip6-localnet"] },
  { address: "ff00::0", names: ["ip6-mcastprefix"] },
  { address: "ff02::1", names: ["ip6-allnodes"] },
  { address: "ff02::2", names: ["ip6-allrouters"] },
];

/** The text of /etc/hosts (hosts(5)): what every system has, then these. */
export function hostsText(hosts: readonly Host[]): string {
  return [...common, ...hosts]
    .map(({ address, names }) => `${[address, ...names].join("\t")}\n`)
    .join("");
}

/** The address of a name, and of its first part where it has a domain. */
export function hostOf(address: string, hostname: string): Host {
  const [short = ""] = hostname.split(".", 1);
  return { address, names: short === hostname || short === "" ? [hostname] : [hostname, short] };
}
