import { VirtError } from "../../../errors.ts";
import type { Qmp } from "../control.ts";

/** True if a process beside QEMU can see the memory that the VM was started with. */
export async function isMemoryShared(qmp: Qmp, signal: AbortSignal): Promise<boolean> {
  const question = { path: "/objects/mem", property: "share" };
  return (await qmp.execute("qom-get", question, signal)) === true;
}

/** NOT_SUPPORTED for a VM that runs with memory that nobody else can see. */
export async function assertMemoryShared(qmp: Qmp, signal: AbortSignal): Promise<void> {
  if (await isMemoryShared(qmp, signal)) return;
  throw new VirtError(
    "NOT_SUPPORTED",
    "this VM's memory is its own: no other process can serve a device of it",
    {
      field: "interface",
      hint: "Start the sandbox with a link that is served by vhost-user, with sharedFS virtio-fs or with hugePages.",
    },
  );
}
