import * as v from "valibot";
import type { VmSpec, VmState } from "../hypervisor.ts";

const DriverState = v.object({
  user: v.optional(v.object({ uid: v.number(), gid: v.number() })),
});

/** What this driver keeps of a VM for other processes: whose rights QEMU has. */
export function driverState({ user }: VmSpec): VmState["driver"] {
  return user === undefined ? {} : { user: { uid: user.uid, gid: user.gid } };
}

export function userOf(state: VmState): VmSpec["user"] {
  const stored = v.safeParse(DriverState, state.driver);
  return stored.success ? stored.output.user : undefined;
}
