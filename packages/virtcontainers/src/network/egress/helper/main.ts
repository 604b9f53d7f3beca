/**
 * The helper of a sandbox with an egress policy: it runs in the network namespace that is the sandbox's router, as a
 * user of its own with CAP_NET_ADMIN alone. Its folder is its only argument that counts. The kernel removes its table
 * of rules when it ends, and what is left then drops all.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { openNftables } from "../../../host/packets/nftables.ts";
import { parse } from "../../../validate.ts";
import {
  configName,
  dnsPort,
  type HelperConfig,
  HelperConfigSchema,
  splicePort,
} from "../helper-config.ts";
import { AuditLog } from "./audit-log.ts";
import { serveControl } from "./control-server.ts";
import { countedPackets } from "./counted-packets.ts";
import { serveDns } from "./dns/server.ts";
import { Gate } from "./gate.ts";
import { watchPackets } from "./packets.ts";
import { serveSplices } from "./splice/server.ts";

const folder = process.argv[2] ?? ".";

function readConfig(): HelperConfig {
  return parse(HelperConfigSchema, JSON.parse(readFileSync(join(folder, configName), "utf8")));
}

const nft = openNftables();
const audit = new AuditLog(folder);
const gate = new Gate(nft, audit, readConfig());
watchPackets(gate, audit);
await serveDns(gate, dnsPort);
const splices = await serveSplices(gate, audit, splicePort);
await serveControl((request) => {
  if (request.do === "reload") {
    gate.change(readConfig());
    splices.recheck();
  }
  return { decisions: audit.counts, packets: countedPackets(nft, gate.policy) };
});
