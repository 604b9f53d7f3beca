import { fileURLToPath } from "node:url";
import { firstLine, type TestNamespace, testNamespace } from "./namespace.ts";

/** One end of a cable. */
export interface CableEnd {
  namespace: TestNamespace;
  name: string;
  /** With the lengths of their prefixes. */
  addresses?: readonly string[];
  mac?: string;
  mtu?: number;
}

/** Joins two namespaces by a veth that is up. */
export async function cable(one: CableEnd, other: CableEnd): Promise<void> {
  const kind = ["type", "veth", "peer", "name", other.name, "netns", pidOf(other.namespace)];
  await one.namespace.ip("link", "add", one.name, ...kind);
  for (const end of [one, other]) await setUp(end);
}

/** Addresses of IPv6 are usable at once. */
export async function setUp({
  namespace,
  name,
  addresses = [],
  mac,
  mtu,
}: CableEnd): Promise<void> {
  if (mac !== undefined) await namespace.ip("link", "set", name, "address", mac);
  if (mtu !== undefined) await namespace.ip("link", "set", name, "mtu", String(mtu));
  for (const address of addresses)
    await namespace.ip(
      "addr",
      "add",
      address,
      "dev",
      name,
      ...(address.includes(":") ? ["nodad"] : []),
    );
  await namespace.ip("link", "set", name, "up");
}

function pidOf({ path }: TestNamespace): string {
  return path.split("/")[2] ?? "";
}

/** A web server of a namespace, on all of its addresses, port 80: see web-server.ts. Gone with the test. */
export async function webServer(namespace: TestNamespace, says: string, port = 80): Promise<void> {
  const script = fileURLToPath(new URL("web-server.ts", import.meta.url));
  const argv = [process.execPath, "--import", "tsx", script, says, String(port)];
  await firstLine(namespace.start(argv));
}

/** What a sandbox is connected to: a namespace for it, cabled to one that is a server. */
export interface SmallInternet {
  /** Of the sandbox: it has eth0 with 10.9.0.2/24 and fd09::2/64, and routes to everything by the server. */
  sandbox: TestNamespace;
  /** It has 10.9.0.1 and fd09::1, and 192.0.2.1 and 2001:db8::1 beyond them. */
  server: TestNamespace;
}

export const guestMac = "02:00:00:00:09:02";

export async function smallInternet({ mtu }: { mtu?: number } = {}): Promise<SmallInternet> {
  const [sandbox, server] = [await testNamespace(), await testNamespace()];
  const size = mtu === undefined ? {} : { mtu };
  await cable(
    {
      namespace: sandbox,
      name: "eth0",
      addresses: ["10.9.0.2/24", "fd09::2/64"],
      mac: guestMac,
      ...size,
    },
    { namespace: server, name: "down0", addresses: ["10.9.0.1/24", "fd09::1/64"], ...size },
  );
  await setWays({ sandbox, server });
  return { sandbox, server };
}

/** As smallInternet, with a link of another kind in the place of the sandbox's veth; its parent is somebody else's. */
export async function internetBy(kind: "macvlan" | "macvtap" | "ipvlan"): Promise<SmallInternet> {
  const owner = await testNamespace();
  const ends = { sandbox: await testNamespace(), server: await testNamespace() };
  await cable({ namespace: owner, name: "up0" }, { namespace: ends.server, name: "down0" });
  const mode = kind === "ipvlan" ? "l2" : "bridge";
  await owner.ip("link", "add", "link", "up0", "name", "eth0", "type", kind, "mode", mode);
  await owner.ip("link", "set", "eth0", "netns", pidOf(ends.sandbox));
  return await addressed(ends);
}

/** As smallInternet, with the tap of a program in the place of the sandbox's veth. */
export async function internetByTap(): Promise<SmallInternet> {
  const ends = { sandbox: await testNamespace(), server: await testNamespace() };
  await firstLine(ends.sandbox.start(frames("tap", "down0", "eth0")));
  await ends.sandbox.ip("link", "set", "down0", "netns", pidOf(ends.server));
  return await addressed(ends);
}

/** Carries frames between links that it makes; see frames.py. */
export function frames(...args: string[]): string[] {
  return ["python3", fileURLToPath(new URL("frames.py", import.meta.url)), ...args];
}

async function addressed(ends: SmallInternet): Promise<SmallInternet> {
  const { sandbox, server } = ends;
  await setUp({ namespace: sandbox, name: "eth0", addresses: ["10.9.0.2/24", "fd09::2/64"] });
  await setUp({ namespace: server, name: "down0", addresses: ["10.9.0.1/24", "fd09::1/64"] });
  await setWays(ends);
  return ends;
}

async function setWays({ sandbox, server }: SmallInternet): Promise<void> {
  for (const address of ["192.0.2.1/32", "2001:db8::1/128"])
    await server.ip("addr", "add", address, "dev", "lo");
  await sandbox.ip("route", "add", "default", "via", "10.9.0.1");
  await sandbox.ip("-6", "route", "add", "default", "via", "fd09::1");
}
