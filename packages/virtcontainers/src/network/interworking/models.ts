import type { InterworkingModel } from "../../config/network/low-level.ts";
import { VirtError } from "../../errors.ts";
import type { EndpointType, Model } from "../../store/network/stored.ts";
import type { Join } from "../work.ts";
import { bridged } from "./bridged.ts";
import { macvtap } from "./macvtap.ts";
import { tcfilter } from "./tcfilter.ts";

const joins: Readonly<Partial<Record<Model, Join>>> = { tcfilter, macvtap, bridged };

/** NOT_SUPPORTED for a model that joins no pairs. */
export function joinOf(model: Model): Join {
  const join = joins[model];
  if (join !== undefined) return join;
  const known = Object.keys(joins).join(", ");
  throw new VirtError(
    "NOT_SUPPORTED",
    `the interworking model ${model} can't join a link and a tap`,
    {
      field: "networkConfig.interworkingModel",
      hint: `Use one of: ${known}.`,
    },
  );
}

/** The model by which a link of a type is joined. What macvtap would be laid on can't be an ipvlan. */
export function modelFor(type: EndpointType, wanted: InterworkingModel = "default"): Model {
  return wanted === "default" || type === "ipvlan" ? "tcfilter" : wanted;
}
