import { randomBytes } from "node:crypto";
import { isIPv6 } from "node:net";
import type { GuestSide, StoredEndpoint } from "../../store/network/stored.ts";
import { removeLink } from "../../store/record/link.ts";
import type { NetworkWork } from "../work.ts";

/** An Ethernet address of nobody's, as a link has that lends its own to the guest. */
export function randomMac(): string {
  const [first = 0, ...others] = randomBytes(6);
  return [(first | 2) & 0xfe, ...others]
    .map((byte) => byte.toString(16).padStart(2, "0"))
    .join(":");
}

/** For `ip -batch`: the addresses of a link and the routes that go with them, as they were found. */
export function addressLines(name: string, { addresses, routes }: GuestSide): string[] {
  return [
    ...addresses.map(
      ({ address, prefix }) =>
        `addr add ${address}/${prefix} dev ${name}${isIPv6(address) ? " nodad" : ""}`,
    ),
    ...[...routes]
      .sort((a, b) => Number(a.gateway !== undefined) - Number(b.gateway !== undefined))
      .map((route) => routeLine(name, route)),
  ];
}

function routeLine(name: string, route: GuestSide["routes"][number]): string {
  const { dest, gateway, source, family, onlink, mtu, scope } = route;
  const to = dest ?? (family === "v6" ? "::/0" : "0.0.0.0/0");
  return [
    `route add ${to}`,
    ...(gateway === undefined ? [] : [`via ${gateway}`]),
    `dev ${name}`,
    ...(source === undefined ? [] : [`src ${source}`]),
    ...(mtu === undefined ? [] : [`mtu ${mtu}`]),
    ...(family === "v4" && gateway === undefined ? [`scope ${scope}`] : []),
    ...(onlink ? ["onlink"] : []),
  ].join(" ");
}

/** Makes something on a link of the namespace, which is undone with it; a namespace of the sandbox's own goes as a whole. */
export async function onLink<T>(
  { network, ledger, host }: NetworkWork,
  { name: parent, ifindex }: StoredEndpoint,
  made: { name: string; restore: string[] },
  make: () => Promise<T>,
): Promise<T> {
  const { netns, created } = network;
  const record = { kind: "link", netns, ...made, parent: { name: parent, ifindex } } as const;
  if (!created) return await ledger.take(record, make);
  return await make().catch(async (error: unknown) => {
    await removeLink(host, record).catch(() => {});
    throw error;
  });
}

/** Undoes what onLink has made. */
export async function offLink(
  { network, ledger, host }: NetworkWork,
  { name: parent, ifindex }: StoredEndpoint,
  made: { name: string; restore: string[] },
): Promise<void> {
  const record = {
    kind: "link",
    netns: network.netns,
    ...made,
    parent: { name: parent, ifindex },
  } as const;
  if (network.created) return await removeLink(host, record);
  await ledger.release((each) => each.kind === "link" && each.name === made.name);
}
