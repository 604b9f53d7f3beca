import type { Host } from "../host/host.ts";
import type { StoredSandbox } from "./schema.ts";

/** True while the VM that a sandbox was last started with is there, in this boot of the host. */
export async function isVmAlive(
  { host }: { readonly host: Host },
  { vm, bootId }: Pick<StoredSandbox, "vm" | "bootId">,
): Promise<boolean> {
  if (vm === undefined || bootId !== (await host.bootId())) return false;
  return await host.processes.isAlive(vm.process);
}
