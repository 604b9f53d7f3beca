import * as v from "valibot";
import type { Interface, Route } from "../../config/network/interface.ts";

// Interfaces and routes as the Go library writes them: by the names of its fields, with empty values for none.

const text = v.nullish(v.string(), "");
const number = v.nullish(v.number(), 0);

/** Of the kernel's flags the guest is told this one. */
const noArp = 0x80;

const GoInterface = v.object({
  Device: text,
  Name: text,
  IPAddresses: v.nullish(v.array(v.object({ Address: v.string(), Mask: v.string() })), []),
  Mtu: number,
  RawFlags: number,
  HwAddr: v.string(),
  PciPath: text,
  LinkType: text,
});

const GoRoute = v.object({
  Dest: text,
  Gateway: text,
  Device: v.string(),
  Source: text,
  Scope: number,
});

/** What is wrong is told by the library, by its own names. */
export function readInterface(json: string): Interface {
  const read = v.parse(v.pipe(v.string(), v.parseJson(), GoInterface), json);
  const { Name, Device, HwAddr, Mtu, RawFlags, LinkType, IPAddresses } = read;
  return {
    name: Name || Device,
    hwAddr: HwAddr,
    mtu: Mtu,
    rawFlags: RawFlags & noArp,
    ...(LinkType !== "" && { type: LinkType }),
    ...(IPAddresses.length > 0 && {
      ipAddresses: IPAddresses.map(({ Address: address, Mask: mask }) => ({ address, mask })),
    }),
  };
}

export function readRoutes(json: string): Route[] {
  const read = v.parse(v.pipe(v.string(), v.parseJson(), v.nullish(v.array(GoRoute), [])), json);
  return read.map(({ Dest, Gateway, Device, Source, Scope }) => ({
    device: Device,
    scope: Scope,
    ...(Dest !== "" && { dest: Dest }),
    ...(Gateway !== "" && { gateway: Gateway }),
    ...(Source !== "" && { source: Source }),
  }));
}

export function fromInterface(of: Interface): unknown {
  const { name, hwAddr, mtu = 0, rawFlags = 0, devicePath = "", type = "" } = of;
  return {
    Device: name,
    Name: name,
    IPAddresses: (of.ipAddresses ?? []).map(({ address, mask }) => ({
      Family: address.includes(":") ? 10 : 2,
      Address: address,
      Mask: mask,
    })),
    Mtu: mtu,
    RawFlags: rawFlags,
    HwAddr: hwAddr,
    PciPath: devicePath,
    LinkType: type,
  };
}

export function fromRoute({
  dest = "",
  gateway = "",
  device,
  source = "",
  scope = 0,
}: Route): unknown {
  return { Dest: dest, Gateway: gateway, Device: device, Source: source, Scope: scope };
}
