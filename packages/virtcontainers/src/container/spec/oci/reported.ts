import { knownCapabilities } from "../../../config/capabilities.ts";
import type { OciSpec } from "../../../config/oci/schema.ts";
import { namespaces } from "../namespaces.ts";

/** Properties of `given` that the checked form of it left out, as paths. */
export function unknownFields(given: unknown, checked: unknown, path = ""): string[] {
  if (!isObject(given) || !isObject(checked)) return [];
  return Object.entries(given).flatMap(([key, value]) => {
    if (value === undefined) return [];
    const at = path === "" ? key : `${path}.${key}`;
    return Object.hasOwn(checked, key) ? unknownFields(value, checked[key], at) : [at];
  });
}

/** What a specification says that a container in a VM goes without, each with the reason. */
export function withoutEffect(spec: OciSpec, hasOwnRoot: boolean): string[] {
  const { process, linux } = spec;
  const has = new Set(linux?.namespaces?.map(({ type }) => type));
  const shared = [...namespaces, "network"].filter(
    (type) => linux?.namespaces && !has.has(type as "pid"),
  );
  return [
    ...(process?.apparmorProfile ? ["process.apparmorProfile: the guest has no AppArmor"] : []),
    ...(process?.selinuxLabel ? ["process.selinuxLabel: the guest has no SELinux"] : []),
    ...(linux?.mountLabel ? ["linux.mountLabel: the guest has no SELinux"] : []),
    ...(linux?.cgroupsPath ? ["linux.cgroupsPath: the guest chooses its own"] : []),
    ...(hasOwnRoot && spec.root !== undefined
      ? ["root.path: image or rootFs stands in its place"]
      : []),
    ...shared.map((type) => `linux.namespaces: without ${type}, yet the host's can't be shared`),
    ...unknownCapabilities(spec).map((name) => `process.capabilities: ${name} is not known`),
  ];
}

function unknownCapabilities({ process }: OciSpec): string[] {
  const names = Object.values(process?.capabilities ?? {}).flatMap((set) => set ?? []);
  return [...new Set(names)].filter((name) => !knownCapabilities.includes(name));
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}
