import * as v from "valibot";
import type { Host } from "../../host/host.ts";
import { guardTable, localTable, routerTable, splicedMark } from "../network/tables.ts";
import { type RecordKind, thingPath } from "./kind.ts";

/** A namespace that isn't the sandbox's and routes for its guest: what of its link has to come back. */
export interface RouterRecord {
  kind: "router";
  netns: { path: string; dev: string; ino: string };
  link: string;
  tap: string;
  addresses: { address: string; prefix: number }[];
  routes: { dest?: string | undefined; gateway?: string | undefined }[];
  /** Whether it routed before, IPv4 and IPv6. */
  forwarding: { v4: boolean; v6: boolean };
}

const linkName = v.pipe(v.string(), v.regex(/^[^\s/]{1,15}$/));
/** An address, with or without the length of a prefix. */
const address = v.pipe(v.string(), v.regex(/^(default|[0-9a-fA-F:.]+(\/\d{1,3})?)$/));

const schema = v.strictObject({
  kind: v.literal("router"),
  netns: v.strictObject({ path: thingPath, dev: v.string(), ino: v.string() }),
  link: linkName,
  tap: linkName,
  addresses: v.array(
    v.strictObject({ address, prefix: v.pipe(v.number(), v.integer(), v.minValue(0)) }),
  ),
  routes: v.array(v.strictObject({ dest: v.optional(address), gateway: v.optional(address) })),
  forwarding: v.strictObject({ v4: v.boolean(), v6: v.boolean() }),
});

export const router: RecordKind<RouterRecord> = {
  schema,
  life: "vm",
  name: ({ netns, link }) => `${link} in ${netns.path}`,
  release,
};

/** What is not there any more, or was never changed, is no error of `ip -force` or of the shell. */
async function release({ network }: Host, record: RouterRecord): Promise<void> {
  const { netns, link } = record;
  const found = await network.identifyNamespace(netns.path).catch(() => undefined);
  if (found === undefined || found.dev !== netns.dev || found.ino !== netns.ino) return;
  const tables = [`inet ${guardTable}`, `netdev ${guardTable}`, `inet ${routerTable}`];
  const rules = tables.map((table) => `add table ${table}\ndelete table ${table}\n`).join("");
  await network.run(netns.path, "nft", ["-f", "-"], { input: rules });
  for (const family of ["-4", "-6"]) {
    // The link's routes are the router's; those that it had before come with its addresses, or are in the record.
    const input = `rule del fwmark ${splicedMark}/${splicedMark} lookup ${localTable}
route flush table ${localTable}
route flush table main dev ${link} proto boot
`;
    await network.run(netns.path, "ip", [family, "-force", "-batch", "-"], { input });
  }
  const input = linkLines(record)
    .map((line) => `${line}\n`)
    .join("");
  await network.run(netns.path, "ip", ["-force", "-batch", "-"], { input });
  await network.run(netns.path, "sh", ["-c", forwardingScript(record)]);
}

function linkLines({ link, tap, addresses, routes }: RouterRecord): string[] {
  return [
    `link del dev ${tap}`,
    ...addresses.flatMap(({ address: own, prefix }) => {
      const add = `addr replace ${own}/${prefix} dev ${link}`;
      return own.includes(":") ? [`neigh del proxy ${own} dev ${link}`, `${add} nodad`] : [add];
    }),
    ...routes.map(
      ({ dest = "default", gateway }) =>
        `route replace ${dest}${gateway === undefined ? "" : ` via ${gateway}`} dev ${link}`,
    ),
  ];
}

function forwardingScript({ link, forwarding }: RouterRecord): string {
  const paths = [`ipv4/conf/${link}/proxy_arp`, `ipv6/conf/${link}/proxy_ndp`];
  if (!forwarding.v4) paths.push("ipv4/ip_forward");
  if (!forwarding.v6) paths.push("ipv6/conf/all/forwarding");
  return paths.map((path) => `echo 0 > /proc/sys/net/${path}`).join("; ");
}
