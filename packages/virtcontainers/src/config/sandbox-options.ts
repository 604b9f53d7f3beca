import * as v from "valibot";
import type { CallOptions } from "../deadline.ts";
import { absolutePath, argument, id, integer, text, texts } from "../validate.ts";
import { callFields } from "./call.ts";
import { AnnotationsSchema } from "./container.ts";
import { networkName } from "./network/names.ts";
import { type SandboxNetwork, SandboxNetworkSchema } from "./network/network.ts";
import { type PortMapping, PortMappingsSchema } from "./network/port.ts";

/** Options of Sandbox.create. */
export interface SandboxOptions extends CallOptions {
  /** 2 to 64 characters of [a-zA-Z0-9_.-]; default: 12 random hex digits. */
  id?: string | undefined;
  /** Name or digest of an image, pulled if it is not in the store; default: `busybox`. */
  image?: string | undefined;
  /** A folder of the host as the root file system, instead of an image: one of both. */
  rootfs?: string | undefined;
  /** vCPUs, 1 to 240; default 1. */
  cpus?: number | undefined;
  /** 64 MiB or more; default 256. */
  memoryMiB?: number | undefined;
  /** Size of a disk for what is written, from 16, instead of the guest's memory. */
  scratchMiB?: number | undefined;
  /** Added to the environment that the image gives. */
  env?: Readonly<Record<string, string>> | undefined;
  /** Where commands begin: an absolute path; default: the image's. */
  workDir?: string | undefined;
  /** Name or number, optionally `:group`; default: the image's. */
  user?: string | undefined;
  /** A network's name, `none`, or all that there is to say; default: VIRTC_NETWORK, else `bridge`, but none for a user who can't have one. */
  network?: string | SandboxNetwork | undefined;
  /** Ports of the host that lead to the sandbox. */
  ports?: PortMapping[] | undefined;
  /** Texts that are kept with the sandbox, by their names. */
  annotations?: Readonly<Record<string, string>> | undefined;
}

export const SandboxOptionsSchema = v.strictObject({
  id: v.optional(id),
  image: v.optional(text(512)),
  rootfs: v.optional(absolutePath()),
  cpus: v.optional(integer(1, 240, "vCPUs")),
  memoryMiB: v.optional(integer(64, 4_194_304, "MiB")),
  scratchMiB: v.optional(integer(16, 16_777_216, "MiB")),
  env: v.optional(texts(text(4096), argument())),
  workDir: v.optional(absolutePath()),
  user: v.optional(text(256)),
  network: v.optional(
    v.lazy((input) => (typeof input === "string" ? networkName : SandboxNetworkSchema)),
  ),
  ports: v.optional(PortMappingsSchema),
  annotations: v.optional(AnnotationsSchema),
  ...callFields,
});
