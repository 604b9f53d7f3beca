import * as v from "valibot";
import { ipAddress, macAddress } from "../../config/network/addresses.ts";
import { cidrRule, isCidr } from "../../config/network/cidr.ts";
import { type EgressPolicy, EgressPolicySchema } from "../../config/network/egress/policy.ts";
import { interfaceName } from "../../config/network/names.ts";
import { integer } from "../../validate.ts";
import type { RouterNetwork } from "./ruleset/network.ts";

/** What the helper of a sandbox is told. It keeps the network that it was told of first. */
export interface HelperConfig {
  network: RouterNetwork;
  policy: EgressPolicy;
}

const port = integer(1, 65_535);

export const HelperConfigSchema = v.strictObject({
  network: v.strictObject({
    taps: v.pipe(
      v.array(
        v.strictObject({
          name: interfaceName,
          mac: macAddress,
          addresses: v.array(ipAddress),
        }),
      ),
      v.minLength(1),
    ),
    inbound: v.array(v.strictObject({ protocol: v.picklist(["tcp", "udp"]), port })),
    internal: v.array(v.pipe(v.string(), v.check(isCidr, cidrRule))),
    servers: v.array(ipAddress),
  }),
  policy: EgressPolicySchema,
});

/** The descriptor on which the helper finds its control socket, listening already. */
export const controlFd = 3;
/** The folder of its log. */
export const logFolderFd = 4;

export const logName = "log.jsonl";
/** What was written before `logName` was begun anew. */
export const olderLogName = "log.old.jsonl";

/** In the same folder: what the helper was told last, for when it is started again. */
export const keptConfigName = "config.json";

/** Ports of the router's namespace, which only the guest's redirected packets reach. */
export const dnsPort = 20_053;
export const splicePort = 20_443;
