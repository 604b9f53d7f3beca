import * as v from "valibot";
import { printable } from "../../errors.ts";
import { id as idSchema } from "../../validate.ts";
import type { GuestDetails, PendingCpus, SandboxSettings } from "../agent.ts";
import type { VolumeStats } from "../volume-stats.ts";
import { count, shortText, shortTexts } from "./answers.ts";
import type { Request } from "./calls.ts";
import { KataProcesses } from "./processes.ts";
import { volumeStats } from "./volume-stats.ts";

/** The longest text of the guest that is taken: 1 MiB. */
const maxText = 1024 * 1024;

/** The calls that concern the whole guest. */
export abstract class KataGuest extends KataProcesses {
  async check(signal: AbortSignal): Promise<void> {
    await this.call("Check", {}, signal, (options) => this.health.check({}, options));
  }

  async details(signal: AbortSignal): Promise<GuestDetails> {
    const request = { memBlockSize: true, memHotplugProbe: true };
    const answer = await this.call("GetGuestDetails", {}, signal, (options) =>
      this.service.getGuestDetails(request, options),
    );
    const { agentDetails } = answer;
    return {
      version: shortText(agentDetails?.version ?? ""),
      features: shortTexts(agentDetails?.extraFeatures ?? []),
      storageHandlers: shortTexts(agentDetails?.storageHandlers ?? []),
      supportsSeccomp: agentDetails?.supportsSeccomp ?? false,
      memoryBlockBytes: count(answer.memBlockSizeBytes),
      memoryProbe: answer.supportMemHotplugProbe,
    };
  }

  async configureSandbox(settings: SandboxSettings, signal: AbortSignal): Promise<void> {
    const { exitWith = "", logLimitBytes: logLimit } = settings;
    await this.call("ConfigureSandbox", {}, signal, (options) =>
      this.extension.configureSandbox({ exitWith, logLimit }, options),
    );
  }

  async createSandbox(request: Request<"createSandbox">, signal: AbortSignal): Promise<void> {
    await this.call("CreateSandbox", {}, signal, (options) =>
      this.service.createSandbox(request, options),
    );
  }

  async destroySandbox(signal: AbortSignal): Promise<void> {
    await this.call("DestroySandbox", {}, signal, (options) =>
      this.service.destroySandbox({}, options),
    );
  }

  async setTime(time: Date, signal: AbortSignal): Promise<void> {
    const ms = time.getTime();
    const request = { Sec: BigInt(Math.floor(ms / 1000)), Usec: BigInt((ms % 1000) * 1000) };
    await this.call("SetGuestDateTime", {}, signal, (options) =>
      this.service.setGuestDateTime(request, options),
    );
  }

  async reseedRandomDev(data: Uint8Array, signal: AbortSignal): Promise<void> {
    await this.call("ReseedRandomDev", {}, signal, (options) =>
      this.service.reseedRandomDev({ data }, options),
    );
  }

  async onlineCPUMem(cpus: PendingCpus, signal: AbortSignal): Promise<void> {
    const { wait, count: nbCpus, cpuOnly } = cpus;
    await this.call("OnlineCPUMem", {}, signal, (options) =>
      this.service.onlineCPUMem({ wait, nbCpus, cpuOnly }, options),
    );
  }

  async setOnlineCpus(count: number, signal: AbortSignal): Promise<number[]> {
    const { online } = await this.call("SetOnlineCpus", {}, signal, (options) =>
      this.extension.setOnlineCpus({ count }, options),
    );
    if (online.length === count) return online;
    throw this.violation("SetOnlineCpus", `${online.length} CPUs instead of ${count}`);
  }

  async memHotplugByProbe(addresses: readonly bigint[], signal: AbortSignal): Promise<void> {
    await this.call("MemHotplugByProbe", {}, signal, (options) =>
      this.service.memHotplugByProbe({ memHotplugProbeAddr: [...addresses] }, options),
    );
  }

  async updateEphemeralMounts(
    storages: readonly NonNullable<Request<"updateEphemeralMounts">["storages"]>[number][],
    signal: AbortSignal,
  ): Promise<void> {
    await this.call("UpdateEphemeralMounts", {}, signal, (options) =>
      this.service.updateEphemeralMounts({ storages: [...storages] }, options),
    );
  }

  async addSwap(pciPath: readonly number[], signal: AbortSignal): Promise<void> {
    await this.call("AddSwap", {}, signal, (options) =>
      this.service.addSwap({ PCIPath: [...pciPath] }, options),
    );
  }

  async addSwapPath(path: string, signal: AbortSignal): Promise<void> {
    await this.call("AddSwapPath", {}, signal, (options) =>
      this.service.addSwapPath({ path }, options),
    );
  }

  async copyFile(request: Request<"copyFile">, signal: AbortSignal): Promise<void> {
    await this.call("CopyFile", {}, signal, (options) => this.service.copyFile(request, options));
  }

  async removeFile(path: string, signal: AbortSignal): Promise<void> {
    await this.call("RemoveFile", {}, signal, (options) =>
      this.extension.removeFile({ path }, options),
    );
  }

  async getOOMEvent(signal: AbortSignal): Promise<string> {
    const { containerId } = await this.call("GetOOMEvent", {}, signal, (options) =>
      this.service.getOOMEvent({}, options),
    );
    if (v.is(idSchema, containerId)) return containerId;
    throw this.violation("GetOOMEvent", "what is no container id");
  }

  async getMetrics(signal: AbortSignal): Promise<string> {
    const { metrics } = await this.call("GetMetrics", {}, signal, (options) =>
      this.service.getMetrics({}, options),
    );
    return this.#text("GetMetrics", metrics);
  }

  async getVolumeStats(volumeGuestPath: string, signal: AbortSignal): Promise<VolumeStats> {
    const answer = await this.call("GetVolumeStats", {}, signal, (options) =>
      this.service.getVolumeStats({ volumeGuestPath }, options),
    );
    return volumeStats(answer);
  }

  async resizeVolume(volumeGuestPath: string, size: bigint, signal: AbortSignal): Promise<void> {
    await this.call("ResizeVolume", {}, signal, (options) =>
      this.service.resizeVolume({ volumeGuestPath, size }, options),
    );
  }

  async getIPTables(isIpv6: boolean, signal: AbortSignal): Promise<Uint8Array> {
    const { data } = await this.call("GetIPTables", {}, signal, (options) =>
      this.service.getIPTables({ isIpv6 }, options),
    );
    if (data.length <= maxText) return data;
    throw this.violation("GetIPTables", `${data.length} bytes`);
  }

  async setIPTables(isIpv6: boolean, data: Uint8Array, signal: AbortSignal): Promise<void> {
    await this.call("SetIPTables", {}, signal, (options) =>
      this.service.setIPTables({ isIpv6, data }, options),
    );
  }

  async getDiagnosticData(
    logType: string,
    containerId: string,
    signal: AbortSignal,
  ): Promise<string> {
    const { data } = await this.call("GetDiagnosticData", { containerId }, signal, (options) =>
      this.service.getDiagnosticData({ logType, containerId }, options),
    );
    return this.#text("GetDiagnosticData", data);
  }

  async setPolicy(policy: string, signal: AbortSignal): Promise<void> {
    await this.call("SetPolicy", {}, signal, (options) =>
      this.service.setPolicy({ policy }, options),
    );
  }

  /** A text of the guest, made safe to print. */
  #text(method: string, text: string): string {
    if (text.length <= maxText) return printable(text);
    throw this.violation(method, `a text of ${text.length} characters`);
  }
}
