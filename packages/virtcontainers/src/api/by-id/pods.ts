import type { CallOptions } from "../../deadline.ts";
import type { PodConfig, PodStatus } from "../pod.ts";
import type { Sandbox } from "../sandbox/sandbox.ts";
import type { Force } from "./base.ts";
import { SandboxesById } from "./sandboxes.ts";

/** The names of 2018, when a sandbox was called a pod: the same functions. */
export abstract class PodsById extends SandboxesById {
  /** As createSandbox. */
  async createPod(config: PodConfig, options: CallOptions = {}): Promise<Sandbox> {
    return await this.createSandbox(config, options);
  }

  /** As runSandbox. */
  async runPod(config: PodConfig, options: CallOptions = {}): Promise<Sandbox> {
    return await this.runSandbox(config, options);
  }

  /** As startSandbox. */
  async startPod(id: string, options: CallOptions = {}): Promise<Sandbox> {
    return await this.startSandbox(id, options);
  }

  /** As stopSandbox. */
  async stopPod(id: string, options: Force = {}): Promise<Sandbox> {
    return await this.stopSandbox(id, options);
  }

  /** As pauseSandbox. */
  async pausePod(id: string, options: CallOptions = {}): Promise<Sandbox> {
    return await this.pauseSandbox(id, options);
  }

  /** As resumeSandbox. */
  async resumePod(id: string, options: CallOptions = {}): Promise<Sandbox> {
    return await this.resumeSandbox(id, options);
  }

  /** As deleteSandbox. */
  async deletePod(id: string, options: Force = {}): Promise<void> {
    await this.deleteSandbox(id, options);
  }

  /** As listSandbox. */
  async listPod(options: CallOptions = {}): Promise<PodStatus[]> {
    return await this.listSandbox(options);
  }

  /** As statusSandbox. */
  async statusPod(id: string, options: CallOptions = {}): Promise<PodStatus> {
    return await this.statusSandbox(id, options);
  }
}
