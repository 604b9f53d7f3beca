import * as v from "valibot";
import { argument, later, text } from "../../validate.ts";
import { type Hooks, HooksSchema } from "./hooks.ts";
import { type OciLinux, OciLinuxSchema } from "./linux.ts";
import { type OciProcess, OciProcessSchema } from "./process.ts";

/** Tools write it out when it is empty, too. */
const hostName = v.pipe(
  text(64),
  v.regex(/^([a-zA-Z0-9]([a-zA-Z0-9.-]*[a-zA-Z0-9])?)?$/, "it must be a host name"),
);

/** A mount of the OCI runtime specification. */
export interface OciMount {
  /** Where the container sees it. */
  destination: string;
  /** Its file system; a folder of the host has `bind` here or among the options. */
  type?: string | undefined;
  /** What is mounted. */
  source?: string | undefined;
  /** As of mount(8). */
  options?: string[] | undefined;
}

export const OciMountSchema = v.object({
  destination: text(),
  type: v.optional(text(64)),
  source: v.optional(text()),
  options: v.optional(v.array(text())),
  uidMappings: later("mounts with mapped ids"),
  gidMappings: later("mounts with mapped ids"),
});

/** The root of a container. */
export interface OciRoot {
  /** A folder, relative to the bundle or absolute. */
  path: string;
  /** Nothing is written to it. Default false. */
  readonly?: boolean | undefined;
}

/**
 * A configuration as in the OCI runtime specification 1.0 to 1.2 (config.md, config-linux.md). What a VM
 * can't honour is refused by name; properties that the specification does not know are left out.
 */
export interface OciSpec {
  /** A version 1 of the specification. */
  ociVersion: string;
  /** The container's first command. */
  process?: OciProcess | undefined;
  /** The folder that is its root, relative to the bundle or absolute. */
  root?: OciRoot | undefined;
  /** The guest's host name. */
  hostname?: string | undefined;
  /** The guest's domain name. */
  domainname?: string | undefined;
  /** What it sees at paths of its own. */
  mounts?: OciMount[] | undefined;
  /** Programs that are run at moments of its life. */
  hooks?: Hooks | undefined;
  /** Texts that are kept with it, by their names. */
  annotations?: Record<string, string> | undefined;
  /** What is of Linux alone. */
  linux?: OciLinux | undefined;
}

export const OciSpecSchema = v.object({
  ociVersion: v.pipe(
    v.string("it must be a version"),
    v.regex(/^1\.\d+\.\d+/, "it must be a version 1 of the OCI runtime specification"),
  ),
  process: v.optional(OciProcessSchema),
  root: v.optional(
    v.object({ path: text(), readonly: v.optional(v.boolean("it must be true or false")) }),
  ),
  hostname: v.optional(hostName),
  domainname: v.optional(hostName),
  mounts: v.optional(v.array(OciMountSchema)),
  hooks: v.optional(HooksSchema),
  annotations: v.optional(v.record(text(256), argument(65_536), "it must map names to texts")),
  linux: v.optional(OciLinuxSchema),
  vm: later("a VM described by the specification; use hypervisorConfig"),
  windows: later("containers of Windows"),
  solaris: later("containers of Solaris"),
  freebsd: later("containers of FreeBSD"),
  zos: later("containers of z/OS"),
});
