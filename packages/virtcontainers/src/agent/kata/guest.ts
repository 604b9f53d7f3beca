import * as v from "valibot";
import { printable } from "../../errors.ts";
import { id as idSchema } from "../../validate.ts";
import type { GuestDetails, GuestLifetime, PendingCpus, SandboxSettings } from "../agent.ts";
import type { VolumeStats } from "../volume-stats.ts";
import type { KataCalls, Request } from "./calls.ts";
import { count, shortText, shortTexts } from "./sanitize.ts";
import { volumeStats } from "./volume-stats.ts";

/** The longest text of the guest that is taken: 1 MiB. */
const maxText = 1024 * 1024;

export async function check(calls: KataCalls, signal: AbortSignal): Promise<void> {
  await calls.call("Check", {}, signal, (options) => calls.health.check({}, options));
}

export async function details(calls: KataCalls, signal: AbortSignal): Promise<GuestDetails> {
  const request = { memBlockSize: true, memHotplugProbe: true };
  const answer = await calls.call("GetGuestDetails", {}, signal, (options) =>
    calls.service.getGuestDetails(request, options),
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

export async function configureSandbox(
  calls: KataCalls,
  settings: SandboxSettings,
  signal: AbortSignal,
): Promise<void> {
  const { exitWith = "", logLimitBytes: logLimit } = settings;
  const files = settings.files.map(({ name, text }) => ({ name, data: Buffer.from(text) }));
  const lifetime = settings.lifetime && { lifetime: lifetimeMessage(settings.lifetime) };
  await calls.call("ConfigureSandbox", {}, signal, (options) =>
    calls.extension.configureSandbox({ exitWith, logLimit, files, ...lifetime }, options),
  );
}

export async function setLifetime(
  calls: KataCalls,
  lifetime: GuestLifetime,
  signal: AbortSignal,
): Promise<void> {
  await calls.call("SetLifetime", {}, signal, (options) =>
    calls.extension.setLifetime(lifetimeMessage(lifetime), options),
  );
}

function lifetimeMessage({ timeoutMs = 0, idleTimeoutMs = 0 }: GuestLifetime) {
  return { timeoutMs: BigInt(timeoutMs), idleTimeoutMs: BigInt(idleTimeoutMs) };
}

export async function createSandbox(
  calls: KataCalls,
  request: Request<"createSandbox">,
  signal: AbortSignal,
): Promise<void> {
  await calls.call("CreateSandbox", {}, signal, (options) =>
    calls.service.createSandbox(request, options),
  );
}

export async function destroySandbox(calls: KataCalls, signal: AbortSignal): Promise<void> {
  await calls.call("DestroySandbox", {}, signal, (options) =>
    calls.service.destroySandbox({}, options),
  );
}

export async function setTime(calls: KataCalls, time: Date, signal: AbortSignal): Promise<void> {
  const ms = time.getTime();
  const request = { Sec: BigInt(Math.floor(ms / 1000)), Usec: BigInt((ms % 1000) * 1000) };
  await calls.call("SetGuestDateTime", {}, signal, (options) =>
    calls.service.setGuestDateTime(request, options),
  );
}

export async function reseedRandomDev(
  calls: KataCalls,
  data: Uint8Array,
  signal: AbortSignal,
): Promise<void> {
  await calls.call("ReseedRandomDev", {}, signal, (options) =>
    calls.service.reseedRandomDev({ data }, options),
  );
}

export async function onlineCPUMem(
  calls: KataCalls,
  cpus: PendingCpus,
  signal: AbortSignal,
): Promise<void> {
  const { wait, count: nbCpus, cpuOnly } = cpus;
  await calls.call("OnlineCPUMem", {}, signal, (options) =>
    calls.service.onlineCPUMem({ wait, nbCpus, cpuOnly }, options),
  );
}

export async function setOnlineCpus(
  calls: KataCalls,
  count: number,
  signal: AbortSignal,
): Promise<number[]> {
  const { online } = await calls.call("SetOnlineCpus", {}, signal, (options) =>
    calls.extension.setOnlineCpus({ count }, options),
  );
  if (online.length === count) return online;
  throw calls.violation("SetOnlineCpus", `${online.length} CPUs instead of ${count}`);
}

export async function memHotplugByProbe(
  calls: KataCalls,
  addresses: readonly bigint[],
  signal: AbortSignal,
): Promise<void> {
  await calls.call("MemHotplugByProbe", {}, signal, (options) =>
    calls.service.memHotplugByProbe({ memHotplugProbeAddr: [...addresses] }, options),
  );
}

export async function updateEphemeralMounts(
  calls: KataCalls,
  storages: readonly NonNullable<Request<"updateEphemeralMounts">["storages"]>[number][],
  signal: AbortSignal,
): Promise<void> {
  await calls.call("UpdateEphemeralMounts", {}, signal, (options) =>
    calls.service.updateEphemeralMounts({ storages: [...storages] }, options),
  );
}

export async function addSwap(
  calls: KataCalls,
  pciPath: readonly number[],
  signal: AbortSignal,
): Promise<void> {
  await calls.call("AddSwap", {}, signal, (options) =>
    calls.service.addSwap({ PCIPath: [...pciPath] }, options),
  );
}

export async function addSwapPath(
  calls: KataCalls,
  path: string,
  signal: AbortSignal,
): Promise<void> {
  await calls.call("AddSwapPath", {}, signal, (options) =>
    calls.service.addSwapPath({ path }, options),
  );
}

export async function copyFile(
  calls: KataCalls,
  request: Request<"copyFile">,
  signal: AbortSignal,
): Promise<void> {
  await calls.call("CopyFile", {}, signal, (options) => calls.service.copyFile(request, options));
}

export async function removeFile(
  calls: KataCalls,
  path: string,
  signal: AbortSignal,
): Promise<void> {
  await calls.call("RemoveFile", {}, signal, (options) =>
    calls.extension.removeFile({ path }, options),
  );
}

export async function getOOMEvent(calls: KataCalls, signal: AbortSignal): Promise<string> {
  const { containerId } = await calls.call("GetOOMEvent", {}, signal, (options) =>
    calls.service.getOOMEvent({}, options),
  );
  if (v.is(idSchema, containerId)) return containerId;
  throw calls.violation("GetOOMEvent", "what is no container id");
}

export async function getMetrics(calls: KataCalls, signal: AbortSignal): Promise<string> {
  const { metrics } = await calls.call("GetMetrics", {}, signal, (options) =>
    calls.service.getMetrics({}, options),
  );
  return text(calls, "GetMetrics", metrics);
}

export async function getVolumeStats(
  calls: KataCalls,
  volumeGuestPath: string,
  signal: AbortSignal,
): Promise<VolumeStats> {
  const answer = await calls.call("GetVolumeStats", {}, signal, (options) =>
    calls.service.getVolumeStats({ volumeGuestPath }, options),
  );
  return volumeStats(answer);
}

export async function resizeVolume(
  calls: KataCalls,
  volumeGuestPath: string,
  size: bigint,
  signal: AbortSignal,
): Promise<void> {
  await calls.call("ResizeVolume", {}, signal, (options) =>
    calls.service.resizeVolume({ volumeGuestPath, size }, options),
  );
}

export async function getIPTables(
  calls: KataCalls,
  isIpv6: boolean,
  signal: AbortSignal,
): Promise<Uint8Array> {
  const { data } = await calls.call("GetIPTables", {}, signal, (options) =>
    calls.service.getIPTables({ isIpv6 }, options),
  );
  if (data.length <= maxText) return data;
  throw calls.violation("GetIPTables", `${data.length} bytes`);
}

export async function setIPTables(
  calls: KataCalls,
  isIpv6: boolean,
  data: Uint8Array,
  signal: AbortSignal,
): Promise<void> {
  await calls.call("SetIPTables", {}, signal, (options) =>
    calls.service.setIPTables({ isIpv6, data }, options),
  );
}

export async function getDiagnosticData(
  calls: KataCalls,
  logType: string,
  containerId: string,
  signal: AbortSignal,
): Promise<string> {
  const { data } = await calls.call("GetDiagnosticData", { containerId }, signal, (options) =>
    calls.service.getDiagnosticData({ logType, containerId }, options),
  );
  return text(calls, "GetDiagnosticData", data);
}

export async function setPolicy(
  calls: KataCalls,
  policy: string,
  signal: AbortSignal,
): Promise<void> {
  await calls.call("SetPolicy", {}, signal, (options) =>
    calls.service.setPolicy({ policy }, options),
  );
}

/** A text of the guest, made safe to print. */
function text(calls: KataCalls, method: string, text: string): string {
  if (text.length <= maxText) return printable(text);
  throw calls.violation(method, `a text of ${text.length} characters`);
}
