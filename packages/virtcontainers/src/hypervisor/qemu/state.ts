import * as v from "valibot";
import { UserIdsSchema } from "../../host/user-ids.ts";
import type { VmState } from "../../store/vm-state.ts";
import type { VmSpec } from "../hypervisor.ts";

const DriverState = v.object({
  user: v.optional(UserIdsSchema),
  cid: v.optional(v.number()),
});
type DriverState = v.InferOutput<typeof DriverState>;

/** What this driver keeps of a VM for other processes: whose rights QEMU has, and the guest's address for vsock. */
export function driverState({ user }: VmSpec, cid: number | undefined): VmState["driver"] {
  return {
    ...(user !== undefined && { user: { uid: user.uid, gid: user.gid } }),
    ...(cid !== undefined && { cid }),
  };
}

export function driverStateOf(state: VmState): DriverState {
  const stored = v.safeParse(DriverState, state.driver);
  return stored.success ? stored.output : {};
}
