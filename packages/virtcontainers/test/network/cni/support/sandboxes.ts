import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import type { SandboxNetwork } from "../../../../src/config/network/network.ts";
import type { PortMapping } from "../../../../src/config/network/port.ts";
import type { Host } from "../../../../src/host/host.ts";
import { createHost } from "../../../../src/host/real.ts";
import { EventRecorder } from "../../../../src/journal/recorder.ts";
import { silentLogger } from "../../../../src/log.ts";
import { attachNetworks } from "../../../../src/network/attach.ts";
import type { AttachContext } from "../../../../src/network/choose.ts";
import { LedgerFile } from "../../../../src/store/ledger-file.ts";
import type { Attachment } from "../../../../src/store/network/attachment.ts";
import { Store } from "../../../../src/store/store.ts";
import { testFolder } from "../../../support/folder.ts";
import { soon } from "../../../support/soon.ts";
import { type Outside, testNamespace } from "./outside.ts";

export interface Attached {
  namespace: string;
  ledger: LedgerFile;
  attachments: Attachment[];
  /** The address of a family in the first network. */
  address(family: 4 | 6): string;
}

/** Sandboxes of one state folder, as far as networks go: a namespace, a folder and a ledger each. */
export class Sandboxes {
  readonly context: AttachContext & { defaultNetwork: undefined; events: EventRecorder };
  readonly folder: string;
  readonly #outside: Outside;

  private constructor(outside: Outside, folder: string, host: Host) {
    this.#outside = outside;
    this.folder = folder;
    const store = new Store(host, join(folder, "state"));
    const events = new EventRecorder(host, store, silentLogger);
    this.context = {
      host,
      dataDir: join(folder, "data"),
      store,
      events,
      defaultNetwork: undefined,
    };
  }

  static async create(outside: Outside, host: Host = createHost()): Promise<Sandboxes> {
    const folder = await testFolder();
    mkdirSync(join(folder, "net.d"));
    process.env.VIRTC_CNI_CONF_DIR = join(folder, "net.d");
    return new Sandboxes(outside, folder, host);
  }

  /** Puts a configuration into the folder of CNI. */
  configure(name: string, config: object): void {
    writeFileSync(join(this.folder, "net.d", name), JSON.stringify(config), { mode: 0o600 });
  }

  ledger(id: string): LedgerFile {
    const folder = join(this.folder, "state", "sbs", id);
    mkdirSync(folder, { recursive: true });
    return new LedgerFile(this.context.host, join(folder, "ledger"));
  }

  async attach(
    id: string,
    config: { network: SandboxNetwork; ports?: PortMapping[] },
    { namespace, signal = soon() }: { namespace?: string; signal?: AbortSignal } = {},
  ): Promise<Attached> {
    const netns = namespace ?? (await testNamespace(this.#outside, id));
    const ledger = this.ledger(id);
    // Also if it fails, whoever did not undo what he did.
    onTestFinished(() => this.ledger(id).releaseAll());
    const sandbox = { id, hostname: id, config };
    const attachments = await attachNetworks(this.context, sandbox, netns, ledger, signal);
    const address = (family: 4 | 6): string =>
      attachments[0]?.addresses
        .map((each) => each.split("/")[0] ?? "")
        .find((each) => each.includes(":") === (family === 6)) ?? "";
    return { namespace: netns, ledger, attachments, address };
  }
}
