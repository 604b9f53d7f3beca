import * as v from "valibot";
import { GuestAddressSchema } from "../guest-address.ts";
import { AttachmentSchema } from "./attachment.ts";

const text = v.string();
const number = v.pipe(v.number(), v.integer(), v.minValue(0));

export const endpointTypes = [
  "virtual",
  "macvlan",
  "macvtap",
  "ipvlan",
  "tap",
  "tuntap",
  "physical",
  "vhost-user",
  "vfio",
] as const;
export type EndpointType = (typeof endpointTypes)[number];

export const models = ["tcfilter", "macvtap", "bridged", "routed", "none"] as const;
export type Model = (typeof models)[number];

/** What is told to the guest of a link. */
const GuestSide = v.object({
  mac: text,
  mtu: number,
  noArp: v.boolean(),
  addresses: v.array(v.object({ address: text, prefix: number })),
  routes: v.array(
    v.object({
      dest: v.optional(text),
      gateway: v.optional(text),
      source: v.optional(text),
      scope: number,
      family: v.picklist(["v4", "v6"]),
      onlink: v.boolean(),
      mtu: v.optional(number),
    }),
  ),
  neighbors: v.array(v.object({ address: text, mac: text, state: number })),
});
export type GuestSide = v.InferOutput<typeof GuestSide>;

/** What a device is made from that is no link of its own name. */
const Source = v.variant("kind", [
  /** A tap of another program in the namespace, which the VMM opens itself. */
  v.object({ kind: v.literal("tap"), name: text, queues: number, queueSize: v.optional(number) }),
  /** A process that serves it, behind a socket. */
  v.object({
    kind: v.literal("socket"),
    path: text,
    queues: number,
    queueSize: v.optional(number),
  }),
  /** A device of the host, by its address. */
  v.object({ kind: v.literal("pci"), address: text }),
]);
export type Source = v.InferOutput<typeof Source>;

/** A link of the namespace, and how it is joined with one of the guest: all that detaching it needs. */
export const StoredEndpoint = v.object({
  /** Its device's: `net0`. */
  id: text,
  type: v.picklist(endpointTypes),
  model: v.picklist(models),
  /** What it is called, in the namespace and in the guest. */
  name: text,
  /** Its number in the namespace. */
  ifindex: number,
  /** The number in the names of what is made for it: `tap0_kata`. */
  index: number,
  source: v.optional(Source),
  guest: GuestSide,
  /** Where the guest finds its device. */
  address: v.optional(GuestAddressSchema),
  /** Its addresses are those that a caller told, whatever the link's are. */
  told: v.optional(v.literal(true)),
  /** Not whole yet, or not any more: whoever finds it takes it off. */
  loose: v.optional(v.literal(true)),
});
export type StoredEndpoint = v.InferOutput<typeof StoredEndpoint>;

/** The network of a sandbox that has one, for as long as it has a VM. */
export const StoredNetwork = v.object({
  netns: v.object({ path: text, dev: text, ino: text }),
  /** The namespace is the sandbox's own, and ends with it. */
  created: v.boolean(),
  endpoints: v.array(StoredEndpoint),
  /** Who enforces its egress policy, where it has one. */
  egress: v.optional(v.object({ uid: number })),
  /** In the order of the configuration's networks; none in a namespace that somebody else fills. */
  attachments: v.array(AttachmentSchema),
});
export type StoredNetwork = v.InferOutput<typeof StoredNetwork>;
