import { stat } from "node:fs/promises";
import { VirtError } from "../../errors.ts";
import { hostError } from "../../host/errno.ts";
import type { Host } from "../../host/host.ts";
import type { ResolvedHypervisorConfig } from "../config.ts";
import { machines } from "./machines.ts";

/** The QEMU binaries of this host: where they are, and which machine types they know. */
export class Binaries {
  readonly #host: Host;
  /** By path and modification time, so that an upgrade is noticed. */
  readonly #machineTypes = new Map<string, Promise<ReadonlySet<string>>>();

  constructor(host: Host) {
    this.#host = host;
  }

  /** Absolute path of the binary; HOST_REQUIREMENT if it is not there. */
  async find(config: ResolvedHypervisorConfig): Promise<string> {
    const { binary } = machines[config.machineType];
    const path = await this.#host.processes.which(config.hypervisorPath ?? binary);
    if (path !== undefined) return path;
    const chosen = config.hypervisorPath !== undefined;
    throw new VirtError(
      "HOST_REQUIREMENT",
      `${config.hypervisorPath ?? binary} is missing or not executable`,
      {
        field: chosen ? "hypervisorConfig.hypervisorPath" : undefined,
        hint: chosen
          ? "Correct the path."
          : "Install it: `virtc setup`, or the package qemu-system-x86.",
      },
    );
  }

  /** What `-machine help` lists. */
  async machineTypes(path: string, signal: AbortSignal): Promise<ReadonlySet<string>> {
    const { mtimeMs } = await stat(path).catch((error: unknown) => {
      throw hostError(error, `looking at ${path}`);
    });
    const key = `${mtimeMs} ${path}`;
    let types = this.#machineTypes.get(key);
    if (types === undefined) {
      types = this.#probe(path, signal);
      this.#machineTypes.set(key, types);
      types.catch(() => this.#machineTypes.delete(key));
    }
    return await types;
  }

  async #probe(path: string, signal: AbortSignal): Promise<ReadonlySet<string>> {
    const args = ["-machine", "help"];
    const { code, stdout, stderr } = await this.#host.processes.run(path, args, {
      signal,
      timeoutMs: 10_000,
    });
    if (code !== 0) {
      throw new VirtError("HYPERVISOR_FAILED", `${path} -machine help failed: ${stderr.trim()}`);
    }
    return new Set(stdout.split("\n").flatMap((line) => line.split(" ")[0] || []));
  }
}
