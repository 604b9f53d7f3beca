import * as v from "valibot";
import { flag, integer, text } from "../validate.ts";

/** What concerns the guest agent. */
export interface KataAgentConfig {
  /** The agent logs what it does on the guest's console. Default false. */
  debug?: boolean | undefined;
  /** A connection always lives as long as the Sandbox object that made it. */
  longLiveConn?: true | undefined;
  /** The agent is reached over vsock instead of virtio-serial; hypervisorConfig.useVSock must not say otherwise. */
  useVSock?: boolean | undefined;
  /** The agent tells on the guest's console how long calls took. Default false. */
  trace?: boolean | undefined;
  /** From its start; no call of the agent begins it later. */
  traceMode?: "static" | undefined;
  /** Default `isolated`. */
  traceType?: "isolated" | "collated" | undefined;
  /** Bytes that a pipe of a process's output holds before the process has to wait: 4096 to 1 MiB, the default. */
  containerPipeSize?: number | undefined;
  /**
   * Modules that the guest's kernel loads when the sandbox is created, at most 64, each a name and its
   * parameters: `"loop max_loop=8"`.
   */
  kernelModules?: string[] | undefined;
}

export const KataAgentConfigSchema = v.strictObject({
  debug: flag,
  longLiveConn: v.optional(
    v.literal(true, "it must be true: a connection lives as long as the Sandbox object"),
  ),
  useVSock: flag,
  trace: flag,
  traceMode: v.optional(v.literal("static", "it must be static: no call begins to trace later")),
  traceType: v.optional(v.picklist(["isolated", "collated"], "it must be isolated or collated")),
  containerPipeSize: v.optional(integer(4096, 1024 * 1024, "bytes")),
  kernelModules: v.optional(
    v.pipe(
      v.array(
        v.pipe(
          text(1024),
          v.regex(/^[\w-]+( |$)/, "it must be a module's name, with parameters after a space"),
        ),
      ),
      v.maxLength(64, "there can be at most 64 modules"),
    ),
  ),
});
