import { isAbsolute, normalize } from "node:path";
import * as v from "valibot";
import type { Host } from "../../host/host.ts";
import type { Bounds } from "../bounds.ts";

/** A kind of thing that a sandbox holds of the host: one module in this folder, and a line in `kinds.ts`. */
export interface RecordKind<R> {
  /** Of the record on disk, whose `kind` is the name in `kinds.ts`. */
  readonly schema: v.GenericSchema<unknown, R>;
  /** What it is needed for: `vm` is given back when the VM ends, `sandbox` when the sandbox is deleted. */
  readonly life: "vm" | "sandbox";
  /** What `virtc gc` calls it. */
  name(record: R): string;
  /** What it names beyond what may be a sandbox's, if it does. */
  outside?(bounds: Bounds, record: R): string | undefined;
  /** Gives it back; what is gone already, or was never taken, is no error. */
  release(host: Host, record: R): Promise<void>;
  /** True if it shows that something of the sandbox runs. */
  runs?(host: Host, record: R): Promise<boolean>;
}

/** Of a thing, not of the root of all. */
export const thingPath = v.pipe(
  v.string(),
  v.check((value) => value.length > 1 && isAbsolute(value) && normalize(value) === value),
);
