import * as v from "valibot";
import { ProcessIdentity } from "../host/process-identity.ts";
import { GuestAddress } from "./guest-address.ts";

/** What is stored of a running VM, so that any process can go on with it. */
export const VmState = v.object({
  process: ProcessIdentity,
  marker: v.string(),
  /** Where the guest finds each device, by its id; a share is found by its tag. */
  devices: v.record(v.string(), GuestAddress),
  /** Driver's own, opaque to others, JSON. */
  driver: v.record(v.string(), v.unknown()),
});
export type VmState = v.InferOutput<typeof VmState>;
