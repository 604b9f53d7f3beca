import type { GuestAssets } from "../guest/assets.ts";
import type { Host } from "../host/host.ts";
import type { Hypervisors } from "../hypervisor/registry.ts";
import type { Images } from "../image/image.ts";
import type { EventRecorder } from "../journal/recorder.ts";
import type { Logger } from "../log.ts";
import type { LogCarrier } from "../store/log-carrier.ts";
import type { Store } from "../store/store.ts";
import type { VolumeStore } from "../volume/volume.ts";

/** What every verb works with; handed in, never global. */
export interface Context {
  readonly host: Host;
  readonly logger: Logger;
  readonly store: Store;
  /** Where verbs tell what they have done. */
  readonly events: EventRecorder;
  readonly dataDir: string;
  readonly images: Images;
  readonly volumes: VolumeStore;
  /** HOST_REQUIREMENT if there are none. */
  guestAssets(): Promise<GuestAssets>;
  readonly hypervisors: Hypervisors;
  /** By what logs reach the host; undefined: as each driver does it best. */
  readonly logCarrier: LogCarrier | undefined;
  /** The network of a sandbox that names none, or `none`; undefined: as VIRTC_NETWORK and the host decide. */
  readonly defaultNetwork: string | undefined;
}
