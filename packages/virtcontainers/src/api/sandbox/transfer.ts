import type { CopyResult } from "../../transfer/entry.ts";
import {
  type CopyCallOptions,
  type CopyOptions,
  CopyOptionsSchema,
} from "../../transfer/options.ts";
import { argument, parse } from "../../validate.ts";
import { SandboxGuest } from "./guest.ts";

/** Default deadline of a copy. */
const timeoutMs = 600_000;

/**
 * The methods of a Sandbox that copy files. Files, folders, links, modes and times are copied, and owners
 * with `archive`; what can't be is told in the result. A path that ends with `/.` stands for what is in the
 * folder. INVALID_STATE unless the sandbox is ready or running; NO_SPACE where a limit is passed.
 */
export abstract class SandboxCopies extends SandboxGuest {
  /** Copies a file or folder of the host into a container: into a folder that is there, else to that name. */
  async copyTo(
    containerId: string,
    hostPath: string,
    guestPath: string,
    options: CopyCallOptions = {},
  ): Promise<CopyResult> {
    const { copyTo } = await import("../../container/verbs/copy.ts");
    const [from, to] = [pathOf(hostPath, "hostPath"), pathOf(guestPath, "guestPath")];
    return await this.operate(
      "copyTo",
      "shared",
      options,
      (operation) => copyTo(operation, containerId, from, to, copyOptions(options)),
      timeoutMs,
    );
  }

  /**
   * Copies a file or folder of a container to the host. Nothing is written outside of the target, whatever
   * the guest says; links that lead out of what is copied are left out, set-user-id bits are dropped.
   */
  async copyFrom(
    containerId: string,
    guestPath: string,
    hostPath: string,
    options: CopyCallOptions = {},
  ): Promise<CopyResult> {
    const { copyFrom } = await import("../../container/verbs/copy.ts");
    const [from, to] = [pathOf(guestPath, "guestPath"), pathOf(hostPath, "hostPath")];
    return await this.operate(
      "copyFrom",
      "shared",
      options,
      (operation) => copyFrom(operation, containerId, from, to, copyOptions(options)),
      timeoutMs,
    );
  }

  /** Unpacks a tar stream in a folder of a container; owners are kept unless `archive` is false. */
  async importTar(
    containerId: string,
    guestPath: string,
    stream: AsyncIterable<Uint8Array>,
    options: CopyCallOptions = {},
  ): Promise<CopyResult> {
    const { importTar } = await import("../../container/verbs/copy.ts");
    const to = pathOf(guestPath, "guestPath");
    return await this.operate(
      "importTar",
      "shared",
      options,
      (operation) => importTar(operation, containerId, to, stream, copyOptions(options)),
      timeoutMs,
    );
  }

  /** A file or folder of a container, as a tar stream, handed to `write` piece by piece. */
  async exportTar(
    containerId: string,
    guestPath: string,
    write: (data: Uint8Array) => void | Promise<void>,
    options: CopyCallOptions = {},
  ): Promise<void> {
    const { exportTar } = await import("../../container/verbs/copy.ts");
    const from = pathOf(guestPath, "guestPath");
    await this.operate(
      "exportTar",
      "shared",
      options,
      async (operation) => {
        const tar = exportTar(operation, containerId, from, copyOptions(options));
        for await (const data of tar) await write(data);
      },
      timeoutMs,
    );
  }
}

function pathOf(path: string, field: string): string {
  return parse(argument(4096), path, field);
}

function copyOptions(options: CopyCallOptions): CopyOptions {
  return parse(CopyOptionsSchema, options, "options");
}
