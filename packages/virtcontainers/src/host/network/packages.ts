/** The Debian packages that bring the tools that networks are made with. */
export const toolPackages = {
  ip: "iproute2",
  tc: "iproute2",
  nft: "nftables",
  iptables: "iptables",
  dnsmasq: "dnsmasq-base",
  pasta: "passt",
} as const;

export type NetworkTool = keyof typeof toolPackages;

/** The Debian package that brings a plugin of CNI. */
export function pluginPackage(type: string): string {
  return type === "dnsname"
    ? "golang-github-containernetworking-plugin-dnsname"
    : "containernetworking-plugins";
}
