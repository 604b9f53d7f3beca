/**
 * The helper of a sandbox with an egress policy: it runs in the network namespace that is the sandbox's router, as a
 * user of its own with CAP_NET_ADMIN alone, and is told by its control socket what to enforce. It has the folder of its
 * log as an open file, and what it was told last is in that folder, for when it is started again. The kernel removes its
 * table of rules when it ends, and what is left then drops all.
 */
import { openNftables } from "../../../host/packets/nftables.ts";
import { dnsPort, type HelperConfig, logFolderFd, splicePort } from "../helper-config.ts";
import { AuditLog } from "./audit-log.ts";
import { serveControl } from "./control-server.ts";
import { countedPackets } from "./counted-packets.ts";
import { serveDns } from "./dns/server.ts";
import { Gate } from "./gate.ts";
import { keepConfig, readKeptConfig } from "./kept-config.ts";
import { watchPackets } from "./packets.ts";
import { type SpliceServer, serveSplices } from "./splice/server.ts";

interface Enforcement {
  gate: Gate;
  splices: SpliceServer;
}

const folder = `/proc/self/fd/${logFolderFd}`;
const nft = openNftables();
const audit = new AuditLog(folder);
let enforcement: Enforcement | undefined;

async function set(config: HelperConfig): Promise<Enforcement> {
  if (enforcement === undefined) {
    const gate = new Gate(nft, audit, config);
    watchPackets(gate, audit);
    await serveDns(gate, dnsPort);
    return { gate, splices: await serveSplices(gate, audit, splicePort) };
  }
  enforcement.gate.change(config);
  enforcement.splices.recheck();
  return enforcement;
}

const kept = readKeptConfig(folder);
if (kept !== undefined) enforcement = await set(kept);

await serveControl(async (request) => {
  if (request.do === "set") {
    enforcement = await set(request.config);
    keepConfig(folder, request.config);
  }
  if (enforcement === undefined) return { decisions: {}, rules: [] };
  return { decisions: audit.counts, rules: countedPackets(nft, enforcement.gate.policy) };
});
