import { Sandbox } from "virtcontainers";
import { assertOwnNamespace } from "./own-namespace.ts";
import { RawGuest } from "./raw-guest.ts";
import { openRawTap, rawAddresses, withTap } from "./raw-tap.ts";
import { type Figure, figure } from "./report.ts";
import { median } from "./stats.ts";
import { receive, request, send } from "./transfer.ts";
import { commandTimeoutMs, type Workplace } from "./workplace.ts";

const mebibytes = 32;
const requests = 100;
const atOnce = 4;
const name = "bench";
const gateway = "10.88.0.1";

/** One of the VMs that are compared: where its host and its guest are, and what its guest is told to do. */
interface Side {
  host: string;
  guest: string;
  sendTo(port: number, mebibytes: number): Promise<unknown>;
  readFrom(port: number): Promise<unknown>;
}

/**
 * What goes through a sandbox's network, beside the same VM with the same interface whose tap is the host's own link: no
 * namespace, veth, bridge or rule in between.
 */
export async function net(place: Workplace): Promise<{ figures: Figure[] }> {
  assertOwnNamespace("net");
  const { signal, library } = place;
  const runs = place.runs(5);
  const subnets = [{ subnet: "10.88.0.0/24", gateway }];
  await library.networks.create({ name, subnets, hostAccess: true });
  await using _network = { [Symbol.asyncDispose]: () => library.networks.remove(name) };
  await using sandbox = await Sandbox.create({ network: name, signal });
  await using tap = await openRawTap();
  const { vmm } = await sandbox.status();
  const command = await withTap(place.raw, vmm?.pid ?? 0);
  await using guest = await RawGuest.start(command, place.folder, signal, [tap.fd]);
  const [ours, raw] = [await oursOf(sandbox, signal), rawOf(guest)];
  const measures = {
    "net-out": (side: Side, size: number) =>
      receive(side.host, size, (port) => side.sendTo(port, size), signal),
    "net-in": (side: Side, size: number) =>
      send(side.host, size, (port) => side.readFrom(port), signal),
    "net-http": (side: Side) => request(side.guest, requests, atOnce, signal),
  };
  const figures: Figure[] = [];
  for (const [what, measure] of Object.entries(measures)) {
    const [of, beside]: [number[], number[]] = [[], []];
    await Promise.all([measure(ours, 1), measure(raw, 1)]);
    for (let run = 1; run <= runs; run++) {
      place.progress(`${what} ${run}/${runs}`);
      of.push(await measure(ours, mebibytes));
      beside.push(await measure(raw, mebibytes));
    }
    const unit = what === "net-http" ? "req/s" : "MB/s";
    figures.push(figure(what, runs, median(of), median(beside), unit));
  }
  return { figures };
}

async function oursOf(sandbox: Sandbox, signal: AbortSignal): Promise<Side> {
  const link = (await sandbox.listInterfaces()).find((each) => each.name === "eth0");
  const guest = link?.ipAddresses?.find(({ address }) => !address.includes(":"))?.address;
  if (guest === undefined) throw new Error("the sandbox has no address");
  const run = (script: string) =>
    sandbox.exec(["sh", "-c", script], { signal, timeoutMs: commandTimeoutMs, check: true });
  await run("mkdir -p /tmp/www && echo page > /tmp/www/index.html && httpd -p 80 -h /tmp/www");
  return {
    host: gateway,
    guest,
    sendTo: async (port, size) =>
      await run(`dd if=/dev/zero bs=1M count=${size} 2> /dev/null | nc ${gateway} ${port}`),
    readFrom: async (port) => await run(`nc ${gateway} ${port} < /dev/null > /dev/null`),
  };
}

function rawOf(guest: RawGuest): Side {
  return {
    ...rawAddresses,
    sendTo: (port, size) => guest.sendTo(port, size),
    readFrom: (port) => guest.readFrom(port),
  };
}
