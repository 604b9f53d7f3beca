import * as v from "valibot";

/** A route that a network asks its guests to have. */
export interface AttachmentRoute {
  /** Network and prefix, such as 0.0.0.0/0. */
  dst: string;
  gateway?: string | undefined;
  mtu?: number | undefined;
  advmss?: number | undefined;
  priority?: number | undefined;
  table?: number | undefined;
  scope?: number | undefined;
}

/** resolv.conf(5), as a network gives it. */
export interface AttachmentDns {
  nameservers: string[];
  domain?: string | undefined;
  search: string[];
  options: string[];
}

/** How a sandbox is in one network: what the plugins made in its namespace. */
export interface Attachment {
  /** The name that it was asked for by. */
  network: string;
  /** The link in the namespace. */
  ifName: string;
  mac?: string | undefined;
  /** Where the plugins tell it. */
  mtu?: number | undefined;
  /** With their prefixes, such as 10.1.2.3/24. */
  addresses: string[];
  /** Of the addresses, in their order, each once. */
  gateways: string[];
  routes: AttachmentRoute[];
  dns: AttachmentDns;
}

const strings = v.array(v.string());
const number = v.optional(v.number());

export const AttachmentRouteSchema = v.object({
  dst: v.string(),
  gateway: v.optional(v.string()),
  mtu: number,
  advmss: number,
  priority: number,
  table: number,
  scope: number,
});

export const AttachmentDnsSchema = v.object({
  nameservers: strings,
  domain: v.optional(v.string()),
  search: strings,
  options: strings,
});

export const AttachmentSchema = v.object({
  network: v.string(),
  ifName: v.string(),
  mac: v.optional(v.string()),
  mtu: number,
  addresses: strings,
  gateways: strings,
  routes: v.array(AttachmentRouteSchema),
  dns: AttachmentDnsSchema,
});
