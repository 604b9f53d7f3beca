import * as v from "valibot";
import { flag, integer, text } from "../validate.ts";

/** What concerns the guest agent. */
export const KataAgentConfig = v.strictObject({
  /** The agent logs what it does on the guest's console. */
  debug: flag,
  /** A connection always lives as long as the Sandbox object that made it. */
  longLiveConn: v.optional(
    v.literal(true, "it must be true: a connection lives as long as the Sandbox object"),
  ),
  /** The agent is reached over vsock instead of virtio-serial; hypervisorConfig.useVSock must not say otherwise. */
  useVSock: flag,
  /** The agent tells on the guest's console how long calls took. */
  trace: flag,
  /** From its start; no call of the agent begins it later. */
  traceMode: v.optional(v.literal("static", "it must be static: no call begins to trace later")),
  /** Default `isolated`. */
  traceType: v.optional(v.picklist(["isolated", "collated"], "it must be isolated or collated")),
  /** Bytes that a pipe of a process's output holds before the process has to wait; default 1 MiB. */
  containerPipeSize: v.optional(integer(4096, 1024 * 1024, "bytes")),
  /** Modules that the guest's kernel loads when the sandbox is created, each a name and its parameters: `"loop max_loop=8"`. */
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
export type KataAgentConfig = v.InferInput<typeof KataAgentConfig>;
