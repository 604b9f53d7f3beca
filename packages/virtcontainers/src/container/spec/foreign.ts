import type { OciUser } from "../../config/oci/process.ts";
import type { OciSpec } from "../../config/oci/schema.ts";

/** A specification for an agent that adds a pid namespace of its own and knows users by their numbers alone. */
export function foreignSpec(spec: OciSpec, user: OciUser): OciSpec {
  const namespaces = spec.linux?.namespaces?.filter(({ type }) => type !== "pid");
  return {
    ...spec,
    ...(spec.process && { process: { ...spec.process, user } }),
    ...(spec.linux && { linux: { ...spec.linux, ...(namespaces && { namespaces }) } }),
  };
}
