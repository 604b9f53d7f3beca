import type { DebianPackage } from "./debian/packages.ts";
import { sharedProgram } from "./debian/shared.ts";

const program = "usr/sbin/xtables-legacy-multi";
const names = ["iptables", "iptables-save", "iptables-restore"];
const folder = "usr/lib/x86_64-linux-gnu/xtables";

/** What the guest's kernels can match and do; the program loads these by itself. */
const extensions = [
  ...["xt_standard", "xt_tcp", "xt_udp", "ipt_icmp", "ip6t_icmp6", "xt_conntrack", "xt_addrtype"],
  ...["xt_comment", "xt_multiport", "xt_mark", "xt_MARK", "ipt_REJECT", "xt_NAT"],
] as const;

/** Targets that live in the file of xt_NAT. */
const aliases = ["xt_DNAT", "xt_SNAT", "xt_MASQUERADE", "xt_REDIRECT"] as const;

/**
 * Debian's iptables with its libraries, as a folder to lay over the guest's root: the variant for the kernel's
 * older tables, which needs the fewest libraries. The agent runs it, and a console has it.
 */
export async function iptables(found: DebianPackage): Promise<string> {
  const file = (extension: string) => `${folder}/lib${extension}.so`;
  const programs = [...names, ...names.map((name) => name.replace("ip", "ip6"))];
  return await sharedProgram(found, {
    kind: "iptables",
    files: [program, ...extensions.map(file)],
    links: Object.fromEntries([
      ...programs.map((name) => [`usr/sbin/${name}`, "xtables-legacy-multi"]),
      ...aliases.map((name) => [file(name), "libxt_NAT.so"]),
    ]),
  });
}
