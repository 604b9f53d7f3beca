import * as v from "valibot";
import { VirtError } from "../../errors.ts";
import { pluginType } from "../../host/cni/find.ts";
import { parse } from "../../validate.ts";

/** The versions of the specification that are spoken here, the oldest first. */
export const cniVersions = ["0.3.1", "0.4.0", "1.0.0", "1.1.0"] as const;
export type CniVersion = (typeof cniVersions)[number];

/** One plugin of a network. What it knows beyond the specification is the plugin's own. */
export interface PluginConfig {
  type: string;
  /** What it can be given at run time. */
  capabilities?: Record<string, boolean> | undefined;
  [key: string]: unknown;
}

/** A network as CNI describes it. */
export interface NetworkList {
  name: string;
  cniVersion: CniVersion;
  disableCheck: boolean;
  disableGC: boolean;
  plugins: PluginConfig[];
}

const nameRule = "it must begin with a letter or digit and have only [a-zA-Z0-9_.-], at most 128";
const name = v.pipe(
  v.string(nameRule),
  v.maxLength(128, nameRule),
  v.regex(/^[a-zA-Z0-9][a-zA-Z0-9_.-]*$/, nameRule),
);
const typeRule = "it must be the name of a plugin, never a path";
const type = v.pipe(v.string(typeRule), v.regex(pluginType, typeRule));
const version = v.pipe(
  v.string("it must be a version, such as 1.0.0"),
  v.regex(/^\d+\.\d+\.\d+$/, "it must be a version, such as 1.0.0"),
);
const flagRule = "it must be true or false";
/** Some write them as texts. */
const flag = v.optional(
  v.pipe(
    v.union([v.boolean(), v.picklist(["true", "false"])], flagRule),
    v.transform((value) => value === true || value === "true"),
  ),
  false,
);

const PluginSchema = v.looseObject({
  type,
  capabilities: v.optional(v.record(v.string(), v.boolean())),
  ipam: v.optional(v.looseObject({ type: v.optional(type) })),
});

const shared = { name, cniVersion: v.optional(version), cniVersions: v.optional(v.array(version)) };

const ListSchema = v.object({
  ...shared,
  disableCheck: flag,
  disableGC: flag,
  plugins: v.pipe(
    v.array(PluginSchema, "it must be a list of plugins"),
    v.minLength(1, "a network needs a plugin"),
    v.maxLength(32, "a network can have at most 32 plugins"),
  ),
});

/** A configuration of one plugin alone, as versions before 1.0 have them. */
const SingleSchema = v.looseObject({ ...shared, ...PluginSchema.entries });

/** Reads what a `.conflist` says. INVALID_ARGUMENT and NOT_SUPPORTED name the field of `where`. */
export function readList(input: unknown, where: string): NetworkList {
  const list = parse(ListSchema, input, where);
  const { disableCheck, disableGC, plugins } = list;
  return {
    name: list.name,
    cniVersion: chooseVersion(list, where),
    disableCheck,
    disableGC,
    plugins,
  };
}

/** Reads what a `.conf` says. INVALID_ARGUMENT and NOT_SUPPORTED name the field of `where`. */
export function readSingle(input: unknown, where: string): NetworkList {
  const { name, cniVersion, cniVersions: all, ...plugin } = parse(SingleSchema, input, where);
  const chosen = chooseVersion({ cniVersion, cniVersions: all }, where);
  return { name, cniVersion: chosen, disableCheck: false, disableGC: false, plugins: [plugin] };
}

/** The newest that the configuration offers and that is spoken here. */
function chooseVersion(
  offered: { cniVersion?: string | undefined; cniVersions?: string[] | undefined },
  where: string,
): CniVersion {
  const single = offered.cniVersion === undefined ? [] : [offered.cniVersion];
  const all = [...(offered.cniVersions ?? []), ...single];
  const chosen = cniVersions.findLast((known) => all.includes(known));
  if (chosen !== undefined) return chosen;
  const field = `${where}.cniVersion`;
  throw new VirtError(
    "NOT_SUPPORTED",
    `${field}: ${all.length === 0 ? "without it the version is 0.1.0, which" : all.join(", ")} is not supported`,
    { field, hint: `Supported are ${cniVersions.join(", ")}.` },
  );
}
