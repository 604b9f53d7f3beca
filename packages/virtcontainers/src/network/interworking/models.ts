import type { EgressPolicy } from "../../config/network/egress/policy.ts";
import type { InterworkingModel } from "../../config/network/low-level.ts";
import { VirtError } from "../../errors.ts";
import type { EndpointType, Model, StoredEndpoint } from "../../store/network/stored.ts";
import type { Join } from "../work.ts";
import { bridged } from "./bridged.ts";
import { macvtap } from "./macvtap.ts";
import { routed, routedSteps } from "./routed.ts";
import { tcfilter, tcfilterSteps } from "./tcfilter.ts";
import type { TwoSteps } from "./two-steps.ts";

const joins: Readonly<Partial<Record<Model, Join>>> = { tcfilter, macvtap, bridged, routed };

/** The models whose end at the VM may be there before the link is. */
const twoSteps: Readonly<Partial<Record<Model, TwoSteps>>> = {
  tcfilter: tcfilterSteps,
  routed: routedSteps,
};

export function stepsOf(model: Model): TwoSteps | undefined {
  return twoSteps[model];
}

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

/** NOT_SUPPORTED for a link that a model could join, and nothing would come to the guest. */
export function assertJoinable({ type, model, name }: StoredEndpoint): void {
  if (type !== "macvlan" || model !== "bridged") return;
  throw new VirtError(
    "NOT_SUPPORTED",
    `${name} is a macvlan, which takes no frames for another Ethernet address than its own: ${model} can't join it`,
    {
      field: "networkConfig.interworkingModel",
      hint: "Use tcfilter, macvtap or routed.",
    },
  );
}

/** NOT_SUPPORTED for a link that can't come or go while the guest runs: the rules of its router stand from the start. */
export function assertLive({ model, name }: Pick<StoredEndpoint, "model" | "name">): void {
  if (model !== "routed") return;
  throw new VirtError(
    "NOT_SUPPORTED",
    `${name} is routed: it can't come or go while the guest runs`,
    {
      field: "interface.name",
      hint: "Stop the sandbox, change what is in its namespace, and start it again.",
    },
  );
}

/** The model by which a link of a type is joined: only what is routed passes an egress policy. What macvtap would be laid on can't be an ipvlan. */
export function modelFor(
  type: EndpointType,
  wanted: InterworkingModel = "default",
  egress?: EgressPolicy,
): Model {
  if (egress !== undefined) return "routed";
  return wanted === "default" || type === "ipvlan" ? "tcfilter" : wanted;
}
