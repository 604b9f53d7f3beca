import * as v from "valibot";

/** What `ip -j -d` prints, as far as it is read. An entry that was filtered out is an empty object. */
const text = v.string();
const number = v.number();

const Address = v.object({
  family: v.optional(text),
  local: v.optional(text),
  prefixlen: v.optional(number),
  scope: v.optional(text),
});

export const Link = v.object({
  ifindex: v.optional(number),
  ifname: v.optional(text, ""),
  flags: v.optional(v.array(text), []),
  mtu: v.optional(number, 0),
  address: v.optional(text, ""),
  master: v.optional(text),
  linkinfo: v.optional(
    v.object({
      info_kind: v.optional(text),
      info_data: v.optional(
        v.object({ type: v.optional(text), multi_queue: v.optional(v.boolean(), false) }),
      ),
    }),
  ),
  parentbus: v.optional(text),
  parentdev: v.optional(text),
  addr_info: v.optional(v.array(Address), []),
});
export type Link = v.InferOutput<typeof Link>;

export const Route = v.object({
  type: v.optional(text, "unicast"),
  dst: text,
  gateway: v.optional(text),
  dev: v.optional(text),
  protocol: v.optional(v.union([text, number])),
  scope: v.optional(v.union([text, number]), "global"),
  prefsrc: v.optional(text),
  flags: v.optional(v.array(text), []),
  metrics: v.optional(v.array(v.object({ mtu: v.optional(number) })), []),
});
export type Route = v.InferOutput<typeof Route>;

export const Neighbor = v.object({
  dst: text,
  dev: v.optional(text),
  lladdr: v.optional(text),
  state: v.optional(v.array(text), []),
});
export type Neighbor = v.InferOutput<typeof Neighbor>;
