import * as v from "valibot";
import { argument, later, text } from "../../validate.ts";
import { Hooks } from "./hooks.ts";
import { OciLinux } from "./linux.ts";
import { OciProcess } from "./process.ts";

/** Tools write it out when it is empty, too. */
const hostName = v.pipe(
  text(64),
  v.regex(/^([a-zA-Z0-9]([a-zA-Z0-9.-]*[a-zA-Z0-9])?)?$/, "it must be a host name"),
);

const OciMount = v.object({
  destination: text(),
  type: v.optional(text(64)),
  source: v.optional(text()),
  options: v.optional(v.array(text())),
  uidMappings: later("mounts with mapped ids"),
  gidMappings: later("mounts with mapped ids"),
});
export type OciMount = v.InferInput<typeof OciMount>;

/**
 * A configuration as in the OCI runtime specification 1.0 to 1.2 (config.md, config-linux.md). What a VM
 * can't honour is refused by name; properties that the specification does not know are left out.
 */
export const OciSpec = v.object({
  ociVersion: v.pipe(
    v.string("it must be a version"),
    v.regex(/^1\.\d+\.\d+/, "it must be a version 1 of the OCI runtime specification"),
  ),
  process: v.optional(OciProcess),
  root: v.optional(
    v.object({ path: text(), readonly: v.optional(v.boolean("it must be true or false")) }),
  ),
  hostname: v.optional(hostName),
  domainname: v.optional(hostName),
  mounts: v.optional(v.array(OciMount)),
  hooks: v.optional(Hooks),
  annotations: v.optional(v.record(text(256), argument(65_536), "it must map names to texts")),
  linux: v.optional(OciLinux),
  vm: later("a VM described by the specification; use hypervisorConfig"),
  windows: later("containers of Windows"),
  solaris: later("containers of Solaris"),
  freebsd: later("containers of FreeBSD"),
  zos: later("containers of z/OS"),
});
export type OciSpec = v.InferInput<typeof OciSpec>;
