import { VirtError } from "../errors.ts";
import type { LogCarrier } from "../store/log-carrier.ts";
import type { Hypervisor } from "./hypervisor.ts";

/** By what the log of a VM reaches the host: as wanted, else as the driver does it best. NOT_SUPPORTED. */
export function chooseLogCarrier(
  { type, capabilities }: Pick<Hypervisor, "type" | "capabilities">,
  wanted: LogCarrier | undefined,
): LogCarrier {
  const [best, ...others] = capabilities.logCarriers;
  if (best === undefined || (wanted !== undefined && ![best, ...others].includes(wanted))) {
    throw new VirtError(
      "NOT_SUPPORTED",
      `the hypervisor ${type} has no ${wanted ?? "carrier"} for the guest's log`,
      { field: "logCarrier", hint: `It has: ${capabilities.logCarriers.join(", ") || "none"}.` },
    );
  }
  return wanted ?? best;
}
