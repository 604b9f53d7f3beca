import type { Agent } from "../../agent/agent.ts";
import type { VolumeStats } from "../../agent/volume-stats.ts";
import type { CallOptions } from "../../deadline.ts";
import { printable } from "../../errors.ts";
import { assertUp, type Operation } from "../../operation/operate.ts";
import { type ConsoleOptions, type GuestConsole, openConsole } from "../../sandbox/console.ts";
import { absolutePath, argument, integer, parse, text } from "../../validate.ts";
import { SandboxProcesses } from "./processes.ts";

/** The longest set of rules that a guest is given: 1 MiB. */
const maxRules = 1024 * 1024;

/** The methods of a Sandbox that ask its guest as a whole. INVALID_STATE unless it is ready or running. */
export abstract class SandboxGuest extends SandboxProcesses {
  /** What the guest and its agent count, in the text format of Prometheus. Guests choose what they tell. */
  async metrics(options: CallOptions = {}): Promise<string> {
    return await this.#ask("metrics", "ask for metrics of", options, (agent, { signal }) =>
      agent.getMetrics(signal),
    );
  }

  /** How full the file system is that holds a path of the guest. */
  async guestVolumeStats(guestPath: string, options: CallOptions = {}): Promise<VolumeStats> {
    const path = parse(absolutePath(), guestPath, "guestPath");
    return await this.#ask(
      "guestVolumeStats",
      "ask for a volume of",
      options,
      (agent, { signal }) => agent.getVolumeStats(path, signal),
    );
  }

  /** Makes the file system of a volume as large as its device has become; `sizeBytes` is what it should be then. */
  async resizeGuestVolume(
    guestPath: string,
    sizeBytes: number,
    options: CallOptions = {},
  ): Promise<void> {
    const path = parse(absolutePath(), guestPath, "guestPath");
    const size = BigInt(
      parse(integer(0, Number.MAX_SAFE_INTEGER, "bytes"), sizeBytes, "sizeBytes"),
    );
    await this.#ask("resizeGuestVolume", "resize a volume of", options, (agent, { signal }) =>
      agent.resizeVolume(path, size, signal),
    );
  }

  /** The guest's packet filter, as iptables-save prints it. */
  async getIPTables(isIPv6: boolean, options: CallOptions = {}): Promise<string> {
    const rules = await this.#ask("getIPTables", "read the iptables of", options, (agent, op) =>
      agent.getIPTables(isIPv6, op.signal),
    );
    return printable(Buffer.from(rules).toString("utf8"));
  }

  /**
   * Sets the guest's packet filter; `rules` is what iptables-restore reads, at most 1 MiB. INVALID_ARGUMENT when
   * the guest refuses them, NOT_SUPPORTED when it has no iptables.
   */
  async setIPTables(isIPv6: boolean, rules: string, options: CallOptions = {}): Promise<void> {
    const data = Buffer.from(parse(argument(maxRules), rules, "rules"));
    await this.#ask("setIPTables", "set the iptables of", options, (agent, { signal }) =>
      agent.setIPTables(isIPv6, data, signal),
    );
  }

  /** What the guest can tell to find a fault with; which kinds there are is the agent's to say. */
  async diagnosticData(
    kind: string,
    containerId: string,
    options: CallOptions = {},
  ): Promise<string> {
    const checked = parse(text(64), kind, "kind");
    return await this.#ask("diagnosticData", "ask for diagnostics of", options, (agent, op) => {
      op.container(containerId);
      return agent.getDiagnosticData(checked, containerId, op.signal);
    });
  }

  /** The id of the next container in which something is killed for want of memory; no deadline unless one is given. */
  async getOOMEvent(options: CallOptions = {}): Promise<string> {
    return await this.operate(
      "getOOMEvent",
      "moment",
      options,
      async (operation) => {
        assertUp(operation, "wait for an OOM event of");
        return await (await operation.agent()).getOOMEvent(operation.signal);
      },
      undefined,
    );
  }

  /** Runs a program of the guest itself on a terminal, a shell by default, to look for what is wrong in it. */
  async openConsole(
    console: ConsoleOptions = {},
    options: CallOptions = {},
  ): Promise<GuestConsole> {
    return await this.operate("openConsole", "shared", options, (operation) =>
      openConsole(operation, console),
    );
  }

  async #ask<T>(
    name: string,
    doing: string,
    options: CallOptions,
    call: (agent: Agent, operation: Operation) => Promise<T>,
  ): Promise<T> {
    return await this.operate(name, "shared", options, async (operation) => {
      assertUp(operation, doing);
      return await call(await operation.agent(), operation);
    });
  }
}
