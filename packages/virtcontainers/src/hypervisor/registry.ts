import type { HypervisorConfig } from "../config/hypervisor.ts";
import { invalidArgument } from "../errors.ts";
import type { Host } from "../host/host.ts";
import type { Logger } from "../log.ts";
import type { Hypervisor } from "./hypervisor.ts";
import { createQemu } from "./qemu/index.ts";

/** The driver of a sandbox that names none. */
export const defaultHypervisor = "qemu";

/** The name of the driver that a configuration asks for. */
export function hypervisorTypeOf({
  hypervisorType = defaultHypervisor,
}: {
  hypervisorType?: string | undefined;
}): string {
  return hypervisorType;
}

/** What of a sandbox's configuration chooses its driver, and what that can do. */
export interface DriverChoice {
  hypervisorType?: string | undefined;
  hypervisorConfig?: HypervisorConfig | undefined;
}

/** The drivers that there are, each by its name: our own, and those that a user has handed in. */
export class Hypervisors {
  readonly #drivers: ReadonlyMap<string, Hypervisor>;

  constructor(host: Host, logger: Logger, more: Readonly<Record<string, Hypervisor>> = {}) {
    const own = { [defaultHypervisor]: createQemu(host, logger) };
    this.#drivers = new Map(Object.entries({ ...own, ...more }));
  }

  get types(): string[] {
    return [...this.#drivers.keys()];
  }

  /** The driver that a sandbox's configuration asks for. INVALID_ARGUMENT if this instance has no such. */
  of(config: DriverChoice): Hypervisor {
    const type = hypervisorTypeOf(config);
    const found = this.#drivers.get(type);
    if (found !== undefined) return underConfig(found, config.hypervisorConfig ?? {});
    throw invalidArgument("hypervisorType", type, `it must be ${this.types.join(" or ")}`);
  }
}

/** The same driver, which says what it can do under a configuration. */
function underConfig(driver: Hypervisor, config: HypervisorConfig): Hypervisor {
  const capabilities = driver.capabilitiesUnder?.(config);
  if (capabilities === undefined) return driver;
  const { type, ownConfig } = driver;
  return {
    type,
    capabilities,
    ...(ownConfig && { ownConfig }),
    validate: (...args) => driver.validate(...args),
    command: (...args) => driver.command(...args),
    start: (...args) => driver.start(...args),
    adopt: (...args) => driver.adopt(...args),
  };
}
