import { accessSync, constants, statSync } from "node:fs";
import type { NetmonConfig } from "../../config/network/netmon.ts";
import { invalidArgument, VirtError } from "../../errors.ts";
import type { Host } from "../../host/host.ts";
import { assertCanAttach } from "../../hypervisor/can-attach.ts";
import type { Hypervisor } from "../../hypervisor/hypervisor.ts";

const field = "networkConfig.netmonConfig.path";

/** Refuses by name a monitor that can't be, or would have nothing to do; takes nothing. */
export function assertMonitorable(
  { network }: Pick<Host, "network">,
  hypervisor: Hypervisor,
  { enable, path }: NetmonConfig = {},
): void {
  if (!enable) return;
  assertCanAttach(hypervisor, "network", "hot");
  if (path === undefined) return;
  if (network.apart)
    throw new VirtError("NOT_SUPPORTED", `${field}: a program of your own as monitor needs root`, {
      field,
      hint: "Leave it out: the built-in monitor needs no root.",
    });
  if (!isProgram(path)) throw invalidArgument(field, path, "it must be a program that can be run");
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}
