import type { CopyResult } from "../../transfer/entry.ts";
import type { CopyCallOptions } from "../../transfer/options.ts";
import { GuestsById } from "./guests.ts";

/** The methods of a VirtContainers that copy files; they work as those of a Sandbox. */
export abstract class CopiesById extends GuestsById {
  /** Copies a file or folder of the host into a container: into a folder that is there, else to that name. */
  async copyTo(
    sandboxId: string,
    containerId: string,
    hostPath: string,
    guestPath: string,
    options: CopyCallOptions = {},
  ): Promise<CopyResult> {
    return await this.use(sandboxId, options, (sandbox) =>
      sandbox.copyTo(containerId, hostPath, guestPath, options),
    );
  }

  /** Copies a file or folder of a container to the host; nothing is written outside of the target. */
  async copyFrom(
    sandboxId: string,
    containerId: string,
    guestPath: string,
    hostPath: string,
    options: CopyCallOptions = {},
  ): Promise<CopyResult> {
    return await this.use(sandboxId, options, (sandbox) =>
      sandbox.copyFrom(containerId, guestPath, hostPath, options),
    );
  }

  /** Unpacks a tar stream in a folder of a container; owners are kept unless `archive` is false. */
  async importTar(
    sandboxId: string,
    containerId: string,
    guestPath: string,
    stream: AsyncIterable<Uint8Array>,
    options: CopyCallOptions = {},
  ): Promise<CopyResult> {
    return await this.use(sandboxId, options, (sandbox) =>
      sandbox.importTar(containerId, guestPath, stream, options),
    );
  }

  /** A file or folder of a container, as a tar stream, handed to `write` piece by piece. */
  async exportTar(
    sandboxId: string,
    containerId: string,
    guestPath: string,
    write: (data: Uint8Array) => void | Promise<void>,
    options: CopyCallOptions = {},
  ): Promise<void> {
    await this.use(sandboxId, options, (sandbox) =>
      sandbox.exportTar(containerId, guestPath, write, options),
    );
  }
}
