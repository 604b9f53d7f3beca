import type { SandboxNetwork } from "../config/network/network.ts";
import type { Host } from "../host/host.ts";
import type { UserIds } from "../host/user-ids.ts";
import type { NetworkDevice, VfioDevice, VhostUserDevice } from "../hypervisor/device.ts";
import type { Ledger } from "../store/ledger.ts";
import type { StoredEndpoint, StoredNetwork } from "../store/network/stored.ts";

/** What attaching and detaching an endpoint work with. */
export interface NetworkWork {
  host: Host;
  network: Pick<StoredNetwork, "netns" | "created">;
  /** Pairs of queues of each interface: one for each CPU that the VM starts with. */
  queues: number;
  /** Whom the VMM runs as; undefined: as the caller. */
  user: UserIds | undefined;
  rates: Pick<SandboxNetwork, "rxRateBits" | "txRateBits">;
  ledger: Ledger;
  signal: AbortSignal;
}

/** What the VM is given for an endpoint; disposed of once the VMM has it. */
export interface Plug extends AsyncDisposable {
  device: NetworkDevice | VhostUserDevice | VfioDevice;
}

/** An interface of the VM, as it is known before the link is there that it is joined with. */
export type Socket = Pick<StoredEndpoint, "id" | "index"> & {
  guest: Pick<StoredEndpoint["guest"], "mac" | "mtu">;
};

/** What joins links and guests: a type of endpoint, or a model. */
export interface Join {
  /** Makes what stands on the host between the link and the guest. Undone by itself if it fails. */
  attach(work: NetworkWork, endpoint: StoredEndpoint): Promise<Plug>;
  /** Gives that back; what is gone already is no error. */
  detach(work: NetworkWork, endpoint: StoredEndpoint): Promise<void>;
}
