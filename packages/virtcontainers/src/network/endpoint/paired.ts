import { joinOf } from "../interworking/models.ts";
import type { Join } from "../work.ts";

/** A link that is joined with a tap by a model: veth, macvlan, ipvlan. */
export const paired: Join = {
  attach: (work, endpoint) => joinOf(endpoint.model).attach(work, endpoint),
  detach: (work, endpoint) => joinOf(endpoint.model).detach(work, endpoint),
};
