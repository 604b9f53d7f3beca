import * as v from "valibot";
import { absolutePath, flag } from "../../validate.ts";
import { type NetmonConfig, NetmonConfigSchema } from "./netmon.ts";

/** How a link of the namespace and the guest's are joined. `default` is tcfilter. */
export const interworkingModels = [
  "default",
  "tcfilter",
  "macvtap",
  "bridged",
  "routed",
  "none",
] as const;
export type InterworkingModel = (typeof interworkingModels)[number];

/** The namespace that a sandbox is connected to, where somebody else fills it. */
export interface NetworkConfig {
  /** The namespace: an absolute path, such as /var/run/netns/NAME; default: one of the sandbox's own. */
  netNSPath?: string | undefined;
  /**
   * A file that describes devices to attach directly (DAN), in place of the links of a namespace: an absolute path. It
   * names the namespace itself, where one is needed.
   */
  danConfigPath?: string | undefined;
  /** No namespace and no network. Default false. */
  disableNewNetNs?: boolean | undefined;
  /** Default: `default`. */
  interworkingModel?: InterworkingModel | undefined;
  /** A process that has the guest follow its namespace. Default: none. */
  netmonConfig?: NetmonConfig | undefined;
}

export const NetworkConfigSchema = v.pipe(
  v.strictObject({
    netNSPath: v.optional(absolutePath()),
    danConfigPath: v.optional(absolutePath()),
    disableNewNetNs: flag,
    interworkingModel: v.optional(
      v.picklist(interworkingModels, `it must be one of ${interworkingModels.join(", ")}`),
    ),
    netmonConfig: v.optional(NetmonConfigSchema),
  }),
  v.forward(
    v.check(
      ({ netNSPath, disableNewNetNs }) => !(netNSPath !== undefined && disableNewNetNs),
      "netNSPath and disableNewNetNs exclude each other",
    ),
    ["disableNewNetNs"],
  ),
  v.forward(
    v.check(
      ({ netNSPath, danConfigPath, disableNewNetNs }) =>
        danConfigPath === undefined || (netNSPath === undefined && !disableNewNetNs),
      "it excludes netNSPath and disableNewNetNs: the file names the namespace",
    ),
    ["danConfigPath"],
  ),
  v.forward(
    v.check(
      ({ danConfigPath, disableNewNetNs, netmonConfig }) =>
        !netmonConfig?.enable || (danConfigPath === undefined && !disableNewNetNs),
      "there is no namespace to follow with danConfigPath or disableNewNetNs",
    ),
    ["netmonConfig"],
  ),
);
