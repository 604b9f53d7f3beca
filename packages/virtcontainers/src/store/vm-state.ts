import * as v from "valibot";
import { type ProcessIdentity, ProcessIdentitySchema } from "../host/process-identity.ts";
import { type GuestAddress, GuestAddressSchema } from "./guest-address.ts";

/** What is stored of a running VM, so that any process can go on with it. */
export interface VmState {
  process: ProcessIdentity;
  marker: string;
  /** Where the guest finds each device, by its id; a share is found by its tag. */
  devices: Record<string, GuestAddress>;
  /** Driver's own, opaque to others, JSON. */
  driver: Record<string, unknown>;
}

export const VmStateSchema = v.object({
  process: ProcessIdentitySchema,
  marker: v.string(),
  devices: v.record(v.string(), GuestAddressSchema),
  driver: v.record(v.string(), v.unknown()),
});
