import type { EndpointType } from "../../store/network/stored.ts";
import type { Link } from "./ip.ts";

/** How a link can reach the guest; undefined: not at all. */
export function endpointType({ linkinfo, parentbus }: Link): EndpointType | undefined {
  if (parentbus === "pci") return "physical";
  switch (linkinfo?.info_kind) {
    case "macvlan":
      return "macvlan";
    case "macvtap":
      return "macvtap";
    case "tun":
      return linkinfo.info_data?.type === "tap" ? "tuntap" : undefined;
    // A link of no kind is a device of its own, such as one that a network card has made.
    case "veth":
    case undefined:
      return "virtual";
    case "ipvlan":
      return "ipvlan";
    default:
      return undefined;
  }
}

/** What a link is, for people. */
export function kindName({ linkinfo }: Link): string {
  const { info_kind: kind = "device", info_data: data } = linkinfo ?? {};
  return data?.type === undefined || kind !== "tun" ? kind : data.type;
}
