import { UsageError } from "../errors/usage.ts";
import type { ContainerOptions } from "./options.ts";

type RootOptions = Pick<ContainerOptions, "rootfs" | "entrypoint">;

/** Options that stand among the command's words, and commands for what runs none, are mistakes. */
export function checkCommand(
  command: readonly string[],
  options: RootOptions & { waits?: boolean },
  file: unknown,
): void {
  const [first] = command;
  if (first?.startsWith("-")) {
    throw new UsageError(
      `a command can't begin with ${first}`,
      "Options go before the first argument; what follows it belongs to the command.",
    );
  }
  if (options.waits && first !== undefined) {
    throw new UsageError("--waits can't be used with a command: the container only waits");
  }
  if (file === undefined && !options.waits) requireCommand(options, command);
}

/** A folder has no command of its own, nor has an image whose entry point is reset. */
export function requireCommand(
  { rootfs, entrypoint }: RootOptions,
  command: readonly string[],
): void {
  if (command.length > 0) return;
  if (entrypoint === "") {
    throw new UsageError(
      "a command is missing: an empty --entrypoint leaves none of the image's",
      "Name it after the image.",
    );
  }
  if (rootfs === undefined || entrypoint !== undefined) return;
  throw new UsageError("a command is missing; a folder given with --rootfs has no default one");
}
