import type { TtrpcClient } from "@virtcontainers/ttrpc";
import type { Agent } from "../agent.ts";
import { KataCalls } from "./calls.ts";
import * as containers from "./containers.ts";
import * as files from "./files.ts";
import * as guest from "./guest.ts";
import * as health from "./health.ts";
import * as network from "./network.ts";
import * as processes from "./processes.ts";
import * as watch from "./watch.ts";

type Call = Exclude<keyof Agent, "closed" | "isClosed" | "powersOff" | keyof AsyncDisposable>;
type Args<Method extends Call> = Parameters<Agent[Method]>;

/**
 * An agent that speaks the contract of Kata Containers over one connection. Each call stands in a file beside this
 * one, by what it concerns.
 */
export class KataAgent implements Agent {
  readonly powersOff = true;
  readonly #calls: KataCalls;

  constructor(client: TtrpcClient, sandboxId: string, onDispose: () => void = () => {}) {
    this.#calls = new KataCalls(client, sandboxId, onDispose);
  }

  get closed(): Promise<void> {
    return this.#calls.closed;
  }

  get isClosed(): boolean {
    return this.#calls.isClosed;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#calls[Symbol.asyncDispose]();
  }

  createContainer(...args: Args<"createContainer">) {
    return containers.createContainer(this.#calls, ...args);
  }

  startContainer(...args: Args<"startContainer">) {
    return containers.startContainer(this.#calls, ...args);
  }

  removeContainer(...args: Args<"removeContainer">) {
    return containers.removeContainer(this.#calls, ...args);
  }

  updateContainer(...args: Args<"updateContainer">) {
    return containers.updateContainer(this.#calls, ...args);
  }

  statsContainer(...args: Args<"statsContainer">) {
    return containers.statsContainer(this.#calls, ...args);
  }

  pauseContainer(...args: Args<"pauseContainer">) {
    return containers.pauseContainer(this.#calls, ...args);
  }

  resumeContainer(...args: Args<"resumeContainer">) {
    return containers.resumeContainer(this.#calls, ...args);
  }

  execProcess(...args: Args<"execProcess">) {
    return processes.execProcess(this.#calls, ...args);
  }

  signalProcess(...args: Args<"signalProcess">) {
    return processes.signalProcess(this.#calls, ...args);
  }

  waitProcess(...args: Args<"waitProcess">) {
    return processes.waitProcess(this.#calls, ...args);
  }

  writeStdin(...args: Args<"writeStdin">) {
    return processes.writeStdin(this.#calls, ...args);
  }

  closeStdin(...args: Args<"closeStdin">) {
    return processes.closeStdin(this.#calls, ...args);
  }

  readStdout(...args: Args<"readStdout">) {
    return processes.readStream(this.#calls, "stdout", ...args);
  }

  readStderr(...args: Args<"readStderr">) {
    return processes.readStream(this.#calls, "stderr", ...args);
  }

  readOutput(...args: Args<"readOutput">) {
    return processes.readOutput(this.#calls, ...args);
  }

  resizeTerminal(...args: Args<"resizeTerminal">) {
    return processes.resizeTerminal(this.#calls, ...args);
  }

  setOutput(...args: Args<"setOutput">) {
    return processes.setOutput(this.#calls, ...args);
  }

  setHealthCheck(...args: Args<"setHealthCheck">) {
    return health.setHealthCheck(this.#calls, ...args);
  }

  listProcesses(...args: Args<"listProcesses">) {
    return processes.listProcesses(this.#calls, ...args);
  }

  processTable(...args: Args<"processTable">) {
    return processes.processTable(this.#calls, ...args);
  }

  check(...args: Args<"check">) {
    return guest.check(this.#calls, ...args);
  }

  details(...args: Args<"details">) {
    return guest.details(this.#calls, ...args);
  }

  configureSandbox(...args: Args<"configureSandbox">) {
    return guest.configureSandbox(this.#calls, ...args);
  }

  setLifetime(...args: Args<"setLifetime">) {
    return guest.setLifetime(this.#calls, ...args);
  }

  createSandbox(...args: Args<"createSandbox">) {
    return guest.createSandbox(this.#calls, ...args);
  }

  destroySandbox(...args: Args<"destroySandbox">) {
    return guest.destroySandbox(this.#calls, ...args);
  }

  setTime(...args: Args<"setTime">) {
    return guest.setTime(this.#calls, ...args);
  }

  reseedRandomDev(...args: Args<"reseedRandomDev">) {
    return guest.reseedRandomDev(this.#calls, ...args);
  }

  onlineCPUMem(...args: Args<"onlineCPUMem">) {
    return guest.onlineCPUMem(this.#calls, ...args);
  }

  setOnlineCpus(...args: Args<"setOnlineCpus">) {
    return guest.setOnlineCpus(this.#calls, ...args);
  }

  memHotplugByProbe(...args: Args<"memHotplugByProbe">) {
    return guest.memHotplugByProbe(this.#calls, ...args);
  }

  updateEphemeralMounts(...args: Args<"updateEphemeralMounts">) {
    return guest.updateEphemeralMounts(this.#calls, ...args);
  }

  addSwap(...args: Args<"addSwap">) {
    return guest.addSwap(this.#calls, ...args);
  }

  addSwapPath(...args: Args<"addSwapPath">) {
    return guest.addSwapPath(this.#calls, ...args);
  }

  copyFile(...args: Args<"copyFile">) {
    return guest.copyFile(this.#calls, ...args);
  }

  removeFile(...args: Args<"removeFile">) {
    return guest.removeFile(this.#calls, ...args);
  }

  getOOMEvent(...args: Args<"getOOMEvent">) {
    return guest.getOOMEvent(this.#calls, ...args);
  }

  getMetrics(...args: Args<"getMetrics">) {
    return guest.getMetrics(this.#calls, ...args);
  }

  getVolumeStats(...args: Args<"getVolumeStats">) {
    return guest.getVolumeStats(this.#calls, ...args);
  }

  resizeVolume(...args: Args<"resizeVolume">) {
    return guest.resizeVolume(this.#calls, ...args);
  }

  getIPTables(...args: Args<"getIPTables">) {
    return guest.getIPTables(this.#calls, ...args);
  }

  setIPTables(...args: Args<"setIPTables">) {
    return guest.setIPTables(this.#calls, ...args);
  }

  updateInterface(...args: Args<"updateInterface">) {
    return network.updateInterface(this.#calls, ...args);
  }

  listInterfaces(...args: Args<"listInterfaces">) {
    return network.listInterfaces(this.#calls, ...args);
  }

  updateRoutes(...args: Args<"updateRoutes">) {
    return network.updateRoutes(this.#calls, ...args);
  }

  listRoutes(...args: Args<"listRoutes">) {
    return network.listRoutes(this.#calls, ...args);
  }

  addARPNeighbors(...args: Args<"addARPNeighbors">) {
    return network.addARPNeighbors(this.#calls, ...args);
  }

  getDiagnosticData(...args: Args<"getDiagnosticData">) {
    return guest.getDiagnosticData(this.#calls, ...args);
  }

  setPolicy(...args: Args<"setPolicy">) {
    return guest.setPolicy(this.#calls, ...args);
  }

  statPath(...args: Args<"statPath">) {
    return files.statPath(this.#calls, ...args);
  }

  listFolder(...args: Args<"listFolder">) {
    return files.listFolder(this.#calls, ...args);
  }

  readFile(...args: Args<"readFile">) {
    return files.readFile(this.#calls, ...args);
  }

  putFile(...args: Args<"putFile">) {
    return files.putFile(this.#calls, ...args);
  }
  putSandboxFile(...args: Args<"putSandboxFile">) {
    return files.putSandboxFile(this.#calls, ...args);
  }

  dropFile(...args: Args<"dropFile">) {
    return files.dropFile(this.#calls, ...args);
  }

  renamePath(...args: Args<"renamePath">) {
    return files.renamePath(this.#calls, ...args);
  }

  removePath(...args: Args<"removePath">) {
    return files.removePath(this.#calls, ...args);
  }

  openWatch(...args: Args<"openWatch">) {
    return watch.openWatch(this.#calls, ...args);
  }

  readWatch(...args: Args<"readWatch">) {
    return watch.readWatch(this.#calls, ...args);
  }

  closeWatch(...args: Args<"closeWatch">) {
    return watch.closeWatch(this.#calls, ...args);
  }
}
