import * as v from "valibot";
import {
  type Attachment,
  type AttachmentDns,
  AttachmentDnsSchema,
  type AttachmentRoute,
} from "../../store/network/attachment.ts";

const text = v.pipe(v.string(), v.maxLength(4096));
const list = <T extends v.GenericSchema>(item: T) =>
  v.optional(v.nullable(v.pipe(v.array(item), v.maxLength(4096))));
const number = v.optional(v.number());

const Interface = v.object({
  name: text,
  mac: v.optional(text),
  mtu: number,
  sandbox: v.optional(text),
});

const Address = v.object({
  address: v.pipe(text, v.regex(/^[0-9a-fA-F.:]+\/\d{1,3}$/)),
  gateway: v.optional(text),
  interface: number,
});

const Route = v.object({
  dst: text,
  gw: v.optional(text),
  mtu: number,
  advmss: number,
  priority: number,
  table: number,
  scope: number,
});

const Dns = v.object({
  nameservers: list(text),
  domain: v.optional(text),
  search: list(text),
  options: list(text),
});

/** The result of an ADD: what 0.3.1 to 1.1 have in common, and what each has more. */
export const ResultSchema = v.looseObject({
  interfaces: list(Interface),
  ips: list(Address),
  routes: list(Route),
  dns: v.optional(v.nullable(Dns)),
});
export type Result = v.InferOutput<typeof ResultSchema>;

/** What the result of a whole chain says of the link in the sandbox. */
export function toAttachment(result: Result, network: string, ifName: string): Attachment {
  const interfaces = result.interfaces ?? [];
  const link = interfaces.find(({ name, sandbox }) => name === ifName && sandbox);
  const ours = (index: number | undefined): boolean =>
    index === undefined || interfaces[index] === link || link === undefined;
  const ips = (result.ips ?? []).filter((ip) => ours(ip.interface));
  const gateways = ips.flatMap(({ gateway }) => gateway || []);
  return {
    network,
    ifName,
    ...(link?.mac && { mac: link.mac.toLowerCase() }),
    ...(link?.mtu && { mtu: link.mtu }),
    addresses: ips.map(({ address }) => address),
    gateways: [...new Set(gateways)],
    routes: (result.routes ?? []).map(toRoute),
    dns: toDns(result.dns ?? undefined),
  };
}

function toRoute({ gw, ...route }: v.InferOutput<typeof Route>): AttachmentRoute {
  return { ...route, ...(gw && { gateway: gw }) };
}

function toDns(dns: v.InferOutput<typeof Dns> | undefined): AttachmentDns {
  return v.parse(AttachmentDnsSchema, {
    nameservers: dns?.nameservers ?? [],
    ...(dns?.domain && { domain: dns.domain }),
    search: dns?.search ?? [],
    options: dns?.options ?? [],
  });
}
