import type { VolumeStats } from "../../agent/volume-stats.ts";
import type { CallOptions } from "../../deadline.ts";
import type { ConsoleOptions, GuestConsole } from "../../sandbox/console.ts";
import { ProcessesById } from "./processes.ts";

/** The methods of a VirtContainers that ask the guest of a sandbox as a whole. INVALID_STATE unless it is ready or running. */
export abstract class GuestsById extends ProcessesById {
  /** What the guest and its agent count, in the text format of Prometheus. Guests choose what they tell. */
  async metrics(sandboxId: string, options: CallOptions = {}): Promise<string> {
    return await this.use(sandboxId, options, (sandbox) => sandbox.metrics(options));
  }

  /** How full the file system is that holds a path of the guest. */
  async guestVolumeStats(
    sandboxId: string,
    guestPath: string,
    options: CallOptions = {},
  ): Promise<VolumeStats> {
    return await this.use(sandboxId, options, (sandbox) =>
      sandbox.guestVolumeStats(guestPath, options),
    );
  }

  /** Makes the file system of a volume as large as its device has become; `sizeBytes` is what it should be then. */
  async resizeGuestVolume(
    sandboxId: string,
    guestPath: string,
    sizeBytes: number,
    options: CallOptions = {},
  ): Promise<void> {
    await this.use(sandboxId, options, (sandbox) =>
      sandbox.resizeGuestVolume(guestPath, sizeBytes, options),
    );
  }

  /** The guest's packet filter, as iptables-save prints it. */
  async getIPTables(
    sandboxId: string,
    isIPv6: boolean,
    options: CallOptions = {},
  ): Promise<string> {
    return await this.use(sandboxId, options, (sandbox) => sandbox.getIPTables(isIPv6, options));
  }

  /** Sets the guest's packet filter; `rules` is what iptables-restore reads, at most 1 MiB. */
  async setIPTables(
    sandboxId: string,
    isIPv6: boolean,
    rules: string,
    options: CallOptions = {},
  ): Promise<void> {
    await this.use(sandboxId, options, (sandbox) => sandbox.setIPTables(isIPv6, rules, options));
  }

  /** What the guest can tell to find a fault with; which kinds there are is the agent's to say. */
  async diagnosticData(
    sandboxId: string,
    kind: string,
    containerId: string,
    options: CallOptions = {},
  ): Promise<string> {
    return await this.use(sandboxId, options, (sandbox) =>
      sandbox.diagnosticData(kind, containerId, options),
    );
  }

  /** The id of the next container in which something is killed for want of memory; no deadline unless one is given. */
  async getOOMEvent(sandboxId: string, options: CallOptions = {}): Promise<string> {
    return await this.use(sandboxId, options, (sandbox) => sandbox.getOOMEvent(options));
  }

  /** The last lines of the guest's console, made safe to print. */
  async consoleTail(sandboxId: string, lines = 20, options: CallOptions = {}): Promise<string> {
    return await this.use(sandboxId, options, (sandbox) => sandbox.consoleTail(lines, options));
  }

  /**
   * Runs a program of the guest itself on a terminal, a shell by default. The connection is given back when
   * it has ended and what it wrote was read or closed.
   */
  async openConsole(
    sandboxId: string,
    console: ConsoleOptions = {},
    options: CallOptions = {},
  ): Promise<GuestConsole> {
    const lent = await this.lend(sandboxId, options, async (sandbox) => {
      const opened = await sandbox.openConsole(console, options);
      // All that is shown comes from stdout, so nobody reads this one to its end or hears its errors.
      opened.io.stderr.on("error", () => {}).resume();
      return { io: opened.io, ended: opened.exited, opened };
    });
    return lent.opened;
  }
}
