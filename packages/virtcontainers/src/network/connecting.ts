import type { Deadline } from "../deadline.ts";
import { isVirtError } from "../errors.ts";
import { phase } from "../events.ts";
import type { Device } from "../hypervisor/device.ts";
import type { Context } from "../operation/context.ts";
import type { Ledger } from "../store/ledger.ts";
import type { StoredSandbox } from "../store/schema.ts";
import { attachLink, fillNamespace, networkWork, obtainNamespace } from "./connect.ts";
import { openRouters } from "./egress/open.ts";
import { foresee, joinForeseen } from "./foreseen.ts";
import { wantsNetwork } from "./wanted.ts";
import type { Plug } from "./work.ts";

/**
 * The network of a sandbox that comes up. Where it is known beforehand what links there are going to be, the VM starts
 * at once, and the rest is made while the guest boots; disposing of it ends that, and waits for its end.
 */
export class Connecting implements AsyncDisposable {
  readonly #context: Context;
  readonly #sandbox: StoredSandbox;
  readonly #ledger: Ledger;
  readonly #deadline: Deadline;
  readonly #plugs: Plug[] = [];
  readonly #stop = new AbortController();
  #rest: Promise<void> = Promise.resolve();

  constructor(context: Context, sandbox: StoredSandbox, ledger: Ledger, deadline: Deadline) {
    this.#context = context;
    this.#sandbox = sandbox;
    this.#ledger = ledger;
    this.#deadline = deadline;
  }

  /** What the VM starts with. */
  get devices(): Device[] {
    return this.#plugs.map(({ device }) => device);
  }

  /** Makes what the VM starts with, for so many vCPUs; `prepare` may put something into the namespace first. */
  async begin(cpus: number, prepare: () => Promise<void> = async () => {}): Promise<void> {
    const [context, sandbox, ledger] = [this.#context, this.#sandbox, this.#ledger];
    delete sandbox.network;
    if (!wantsNetwork(sandbox.config)) return;
    const ids = { sandboxId: sandbox.id };
    const network = await phase("network.namespace", ids, () =>
      obtainNamespace(context, sandbox, ledger),
    );
    sandbox.network = network;
    await prepare();
    const signal = AbortSignal.any([this.#deadline.signal, this.#stop.signal]);
    const work = networkWork(context, sandbox, network, cpus, ledger, signal);
    const fill = () => fillNamespace(context, sandbox, network, ledger, signal);
    const route = () =>
      phase("network.route", ids, () => openRouters(context, sandbox, ledger, signal));
    const foreseen = await foresee(context, sandbox, network);
    if (foreseen !== undefined) {
      await phase("network.plug", ids, async () => {
        for (const { steps, socket } of foreseen) this.#plugs.push(await steps.open(work, socket));
      });
      this.#goOn(async () => {
        const links = await fill();
        await phase("network.attach", ids, () =>
          joinForeseen(work, network, sandbox, foreseen, links),
        );
        await route();
      });
      return;
    }
    const links = await fill();
    await phase("network.attach", ids, async () => {
      for (const link of links) this.#plugs.push(await attachLink(work, network, sandbox, link));
    });
    await route();
  }

  /** Ends the whole call when it fails, since a guest without its network is of no use. */
  #goOn(rest: () => Promise<void>): void {
    this.#rest = rest();
    this.#rest.catch((error: unknown) => {
      if (!this.#stop.signal.aborted && isVirtError(error)) this.#deadline.fail(error);
    });
  }

  /** Resolves when all of it is there. The VMM has its plugs by then. */
  async connected(): Promise<void> {
    await this.#rest;
    await this.#closePlugs();
  }

  /** Not before the links are joined with them: the end of a VMM is not to look as if a tap had never been. */
  async #closePlugs(): Promise<void> {
    for (const plug of this.#plugs) await plug[Symbol.asyncDispose]();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await this.#rest.catch(() => {});
    await this.#closePlugs();
  }
}
