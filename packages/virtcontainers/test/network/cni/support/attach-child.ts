import { join } from "node:path";
import { createHost } from "../../../../src/host/real.ts";
import { attachNetworks } from "../../../../src/network/attach.ts";
import { LedgerFile } from "../../../../src/store/ledger-file.ts";
import { Store } from "../../../../src/store/store.ts";

const [, , folder = "", id = "", namespace = ""] = process.argv;
const host = createHost();
const store = new Store(host, join(folder, "state"));
const ledger = new LedgerFile(host, join(folder, "state", "sbs", id, "ledger"));
const sandbox = {
  id,
  hostname: id,
  config: { network: {}, ports: [{ hostPort: 8080, containerPort: 80 }] },
};
await attachNetworks(
  { host, dataDir: join(folder, "data"), store },
  sandbox,
  namespace,
  ledger,
  AbortSignal.timeout(50_000),
);
process.stdout.write("attached\n");
