import * as v from "valibot";
import { ProcessIdentitySchema } from "../../host/process-identity.ts";
import { UserIdsSchema } from "../../host/user-ids.ts";
import type { VmState } from "../../store/vm-state.ts";
import type { AgentTransport } from "../agent-transport.ts";
import type { VmSpec } from "../hypervisor.ts";

const DriverState = v.object({
  user: v.optional(UserIdsSchema),
  cid: v.optional(v.number()),
  vsockDaemon: v.optional(ProcessIdentitySchema),
});
type DriverState = v.InferOutput<typeof DriverState>;

/** By what the guest is reached over vsock: its address, or the process that serves it. */
export type VsockState = Pick<DriverState, "cid" | "vsockDaemon">;

/** What this driver keeps of a VM for other processes: whose rights QEMU has, and its way over vsock. */
export function driverState({ user }: VmSpec, vsock: VsockState): VmState["driver"] {
  return {
    ...(user !== undefined && { user: { uid: user.uid, gid: user.gid } }),
    ...vsock,
  };
}

export function driverStateOf(state: VmState): DriverState {
  const stored = v.safeParse(DriverState, state.driver);
  return stored.success ? stored.output : {};
}

export function transportOf(state: VmState): AgentTransport {
  const { cid, vsockDaemon } = driverStateOf(state);
  if (vsockDaemon !== undefined) return "hybrid-vsock";
  return cid === undefined ? "virtio-serial" : "vsock";
}
