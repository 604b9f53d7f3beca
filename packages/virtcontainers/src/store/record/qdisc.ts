import * as v from "valibot";
import { type RecordKind, thingPath } from "./kind.ts";

/** The ingress of a link in a namespace that isn't the sandbox's: the namespace by its file, the link by its number. */
export interface QdiscRecord {
  kind: "qdisc";
  netns: { path: string; dev: string; ino: string };
  link: string;
  ifindex: number;
}

const schema = v.strictObject({
  kind: v.literal("qdisc"),
  netns: v.strictObject({ path: thingPath, dev: v.string(), ino: v.string() }),
  link: v.pipe(v.string(), v.regex(/^[^\s/]{1,15}$/)),
  ifindex: v.pipe(v.number(), v.integer(), v.minValue(1)),
});

export const qdisc: RecordKind<QdiscRecord> = {
  schema,
  life: "vm",
  name: ({ netns, link }) => `${link} in ${netns.path}`,
  release: (host, { netns, ifindex }) => host.network.clearLink(netns, ifindex),
};
