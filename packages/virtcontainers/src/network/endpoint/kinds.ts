import { VirtError } from "../../errors.ts";
import type { EndpointType } from "../../store/network/stored.ts";
import type { Join } from "../work.ts";
import { macvtap } from "./macvtap.ts";
import { paired } from "./paired.ts";
import { tap } from "./tap.ts";
import { vfio } from "./vfio.ts";
import { vhostUser } from "./vhost-user.ts";

const kinds: Readonly<Partial<Record<EndpointType, Join>>> = {
  virtual: paired,
  macvlan: paired,
  ipvlan: paired,
  tuntap: paired,
  macvtap,
  tap,
  "vhost-user": vhostUser,
  physical: vfio,
  vfio,
};

/** NOT_SUPPORTED, with the link's name, for a type that there is no way for. */
export function kindOf(type: EndpointType, name: string): Join {
  const kind = kinds[type];
  if (kind !== undefined) return kind;
  throw new VirtError(
    "NOT_SUPPORTED",
    `${name} is a link of the type ${type}, which can't be a guest's`,
    {
      field: "networkConfig.netNSPath",
      hint: `Types that can: ${Object.keys(kinds).join(", ")}.`,
    },
  );
}
