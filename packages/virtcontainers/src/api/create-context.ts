import { resolve } from "node:path";
import { networkName } from "../config/network/names.ts";
import { invalidArgument, VirtError } from "../errors.ts";
import {
  findGuestDir,
  type GuestAssets,
  type KernelFlavour,
  loadGuestAssets,
} from "../guest/assets.ts";
import type { Host } from "../host/host.ts";
import { createHost } from "../host/real.ts";
import type { Hypervisor } from "../hypervisor/hypervisor.ts";
import { Hypervisors } from "../hypervisor/registry.ts";
import type { Images } from "../image/image.ts";
import type { RegistriesConfig } from "../image/registry/config.ts";
import { createImages } from "../image/store.ts";
import { EventRecorder } from "../journal/recorder.ts";
import { type Logger, silentLogger } from "../log.ts";
import type { Context } from "../operation/context.ts";
import { defaultFolders } from "../paths.ts";
import type { LogCarrier } from "../store/log-carrier.ts";
import { Store } from "../store/store.ts";
import { parse } from "../validate.ts";
import { createVolumes } from "../volume/store.ts";

/** What an instance works with. */
export interface VirtContainersOptions {
  /** Where sandboxes are kept; default VIRTC_STATE_DIR, else /run/virtcontainers or below $XDG_RUNTIME_DIR. */
  stateDir?: string | undefined;
  /** Where images are kept; default VIRTC_DATA_DIR, else /var/lib/virtcontainers or below $XDG_DATA_HOME. */
  dataDir?: string | undefined;
  /** The guest's files; default VIRTC_GUEST_DIR, else the package for this platform. */
  guestDir?: string | undefined;
  /** Default VIRTC_KERNEL, else the tuned kernel where it is there. */
  kernel?: KernelFlavour | undefined;
  logger?: Logger | undefined;
  registries?: RegistriesConfig | undefined;
  /** The network of a sandbox that names none, or `none`; default VIRTC_NETWORK, else `bridge` where this user can have one. */
  network?: string | undefined;
  /** The operating system; for tests. */
  host?: Host | undefined;
  /** An image store to use instead of the one in dataDir; for tests. */
  images?: Images | undefined;
  /** Further hypervisor drivers by the names that `hypervisorType` gives them; one of a name of ours takes its place. */
  hypervisors?: Readonly<Record<string, Hypervisor>> | undefined;
  /** By what the guest's log reaches the host; for tests. Default: as the driver does it best. */
  logCarrier?: LogCarrier | undefined;
}

/** All options there are. */
const known: Readonly<Record<keyof VirtContainersOptions, true>> = {
  stateDir: true,
  dataDir: true,
  guestDir: true,
  kernel: true,
  logger: true,
  registries: true,
  network: true,
  host: true,
  images: true,
  hypervisors: true,
  logCarrier: true,
};

function checkNames(options: VirtContainersOptions): void {
  const foreign = Object.keys(options).find((name) => !Object.hasOwn(known, name));
  if (foreign === undefined) return;
  const field = `options.${foreign}`;
  throw new VirtError("INVALID_ARGUMENT", `${field} is not a known field`, {
    field,
    hint: `There are ${Object.keys(known).join(", ")}.`,
  });
}

/** INVALID_ARGUMENT where an option is wrong or is none. */
export function createContext(options: VirtContainersOptions): Context {
  checkNames(options);
  const host = options.host ?? createHost();
  const logger = options.logger ?? silentLogger;
  const folders = defaultFolders(host.uid, process.env);
  const stateDir = folder("stateDir", options.stateDir ?? folders.stateDir);
  const dataDir = folder("dataDir", options.dataDir ?? folders.dataDir);
  const store = new Store(host, stateDir);
  let assets: Promise<GuestAssets> | undefined;
  const guestAssets = () => {
    assets ??= loadGuestAssets(
      options.guestDir ?? findGuestDir(process.env),
      kernelFlavour(options),
    );
    return assets;
  };
  return {
    host,
    logger,
    dataDir,
    store,
    events: new EventRecorder(host, store, logger),
    volumes: createVolumes(host, dataDir, stateDir),
    images:
      options.images ??
      createImages({
        host,
        dataDir,
        logger,
        bundled: async (name) =>
          name === "busybox:latest" ? (await guestAssets()).busyboxPath : undefined,
        ...(options.registries && { registries: options.registries }),
      }),
    guestAssets,
    hypervisors: new Hypervisors(host, logger, options.hypervisors),
    logCarrier: options.logCarrier,
    defaultNetwork:
      options.network === undefined
        ? undefined
        : parse(networkName, options.network, "options.network"),
  };
}

/** Commas would end an option of virtiofsd that the path goes into. */
function folder(field: string, path: string): string {
  if (/[\u0000-\u001f,\u007f]/.test(path)) {
    throw invalidArgument(field, path, "it must have no comma and no control characters");
  }
  return resolve(path);
}

function kernelFlavour(options: VirtContainersOptions): KernelFlavour | undefined {
  const chosen = options.kernel ?? (process.env.VIRTC_KERNEL || undefined);
  if (chosen === undefined || chosen === "tuned" || chosen === "debian") return chosen;
  throw invalidArgument("kernel", chosen, "it must be tuned or debian");
}
