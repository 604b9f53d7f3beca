import { join } from "node:path";
import { type LogCarrier, logFileNames } from "./log-carrier.ts";

/** The folder of one sandbox and what is where in it. */
export class SandboxFolder {
  readonly path: string;
  readonly id: string;

  constructor(stateDir: string, id: string) {
    this.path = join(stateDir, "sbs", id);
    this.id = id;
  }

  get state(): string {
    return join(this.path, "sandbox.json");
  }
  get lock(): string {
    return join(this.path, "lock");
  }
  get ledger(): string {
    return join(this.path, "ledger");
  }
  /** Belongs to the VMM's user: sockets, console, log. */
  get vm(): string {
    return join(this.path, "vm");
  }
  /** What the guest writes to; `carrier` is the sandbox's. */
  log(carrier: LogCarrier | undefined): string {
    return join(this.vm, logFileNames[carrier ?? "serial-file"]);
  }
  /** What of its events is in the journal already, and the lock for it. */
  get progress(): string {
    return join(this.path, "events.json");
  }
  get progressLock(): string {
    return join(this.path, "events.lock");
  }
  /** What its guest was last given of the folders it watches by copies, and the lock for it. */
  get copies(): string {
    return join(this.path, "copies.json");
  }
  get copiesLock(): string {
    return join(this.path, "copies.lock");
  }
  /** What is to be ended in the guest when that can be asked again, a file each. */
  get owed(): string {
    return join(this.path, "owed");
  }
  /** The phases of its create. */
  get trace(): string {
    return join(this.path, "trace.json");
  }
  /** Where what the guest is to see is mounted; the guest has no way to it. */
  get mounts(): string {
    return join(this.path, "mounts");
  }
  /** A small file system of its own for what the daemon of the share says. */
  get shareLog(): string {
    return join(this.path, "virtiofsd");
  }
  /** The folder of mounts, read-only, as it is shown to the guest. */
  get shared(): string {
    return join(this.path, "shared");
  }
  port(index: number): string {
    return join(this.path, `port-${index}.lock`);
  }
}
