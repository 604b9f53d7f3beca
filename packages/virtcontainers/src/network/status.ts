import type { StoredSandbox } from "../store/schema.ts";
import { networksOf } from "./choose.ts";

/** How a sandbox is in one network. */
export interface SandboxNetworkStatus {
  name: string;
  /** Of the link, in the namespace and in the guest; undefined as long as it has no VM. */
  interfaceName?: string | undefined;
  /** The Ethernet address. */
  macAddress?: string | undefined;
  /** With their prefixes, such as 10.1.2.3/24; none as long as it has no VM. */
  addresses: readonly string[];
  gateways: readonly string[];
  /** Names by which others of the network find it, beside its own. */
  aliases: readonly string[];
}

/** The networks that a sandbox is in, or is to be in when it starts. */
export function networkStatus({
  config,
  network,
}: Pick<StoredSandbox, "config" | "network">): SandboxNetworkStatus[] {
  return networksOf(config.network).map(({ name, aliases = [] }) => {
    const got = network?.attachments.find((each) => each.network === name);
    return {
      name,
      interfaceName: got?.ifName,
      macAddress: got?.mac,
      addresses: got?.addresses ?? [],
      gateways: got?.gateways ?? [],
      aliases,
    };
  });
}
