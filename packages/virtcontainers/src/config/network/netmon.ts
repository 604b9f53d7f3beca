import * as v from "valibot";
import { absolutePath, flag } from "../../validate.ts";

/**
 * The network monitor: a process beside the sandbox that has what changes in its namespace follow to the guest, as long
 * as it has a VM.
 */
export interface NetmonConfig {
  /** Default false. */
  enable?: boolean | undefined;
  /**
   * A program of your own in place of ours, by an absolute path, as root: it is started in the namespace as `PATH -r
   * RUNTIME -s SANDBOX [-d] -log LEVEL`, and has changes done by `RUNTIME kata-network`.
   */
  path?: string | undefined;
  /** Writes more into its log, `netmon.log` in the sandbox's folder. Default false. */
  debug?: boolean | undefined;
}

export const NetmonConfigSchema = v.strictObject({
  enable: flag,
  path: v.optional(absolutePath()),
  debug: flag,
});
