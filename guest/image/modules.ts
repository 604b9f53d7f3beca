/** What the initramfs loads at every boot: what the root is reached through, and the agent's channels. */
export const bootModules = ["virtio_pci", "virtio_blk", "virtio_console", "erofs"] as const;

/** As many more are needed to reach a root on an nvdimm. */
export const nvdimmModules = ["nfit", "nd_pmem"] as const;

/** What a sandbox may need later; the agent loads these from the root on demand. */
export const sandboxModules = [
  ...["overlay", "virtiofs", "loop", "squashfs", "xfs"],
  ...["virtio_scsi", "sd_mod", "virtio_balloon", "virtio_mem", "virtio_pmem", "virtio-rng"],
  ...["virtio_net", "vmw_vsock_virtio_transport", "veth", "bridge", "macvlan", "tun", "dummy"],
  ...["nf_tables", "nft_chain_nat", "nft_ct", "nft_masq", "nft_reject_inet", "nft_compat"],
  ...["iptable_filter", "iptable_nat", "iptable_mangle", "iptable_raw"],
  ...["ip6table_filter", "ip6table_nat", "ip6table_mangle", "ip6table_raw"],
  ...["ipt_REJECT", "xt_conntrack", "xt_addrtype", "xt_comment", "xt_multiport", "xt_mark"],
  ...["xt_MASQUERADE", "xt_REDIRECT", "xt_tcpudp"],
] as const;

/** The texts of a kernel's modules.dep and modules.builtin. */
export interface ModuleLists {
  dep: string;
  builtin: string;
}

/**
 * The files of modules and of all that these depend on, each after what it needs. What is built into the kernel needs
 * no file. Throws for a name that the kernel knows in neither way.
 */
export function moduleClosure({ dep, builtin }: ModuleLists, names: readonly string[]): string[] {
  const inKernel = new Set(builtin.split("\n").filter(Boolean).map(moduleName));
  const known = new Map(
    dep.split("\n").flatMap((line) => {
      const [path = "", needs = ""] = line.split(":");
      return path === "" ? [] : [[moduleName(path), { path, needs: needs.split(" ") }] as const];
    }),
  );
  const ordered = new Set<string>();
  for (const name of names) {
    const module = known.get(moduleName(name));
    if (module === undefined && inKernel.has(moduleName(name))) continue;
    if (module === undefined) throw new Error(`the kernel has no module ${name}`);
    // modules.dep names what is to be loaded first at the end of the line.
    for (const path of [...module.needs.reverse(), module.path]) if (path) ordered.add(path);
  }
  return [...ordered];
}

/** A module's name as the kernel knows it, from its name or path. */
function moduleName(path: string): string {
  const file = path.slice(path.lastIndexOf("/") + 1);
  return file.replace(/\.ko.*$/, "").replaceAll("-", "_");
}
