import { UsageError } from "../errors/usage.ts";

/** The container that a command means when only the sandbox is named. */
export function pickContainer(
  sandboxId: string,
  containers: readonly { id: string }[],
  chosen: string | undefined,
): string {
  if (chosen !== undefined) return chosen;
  const ids = containers.map(({ id }) => id);
  const only = ids.length === 1 ? ids[0] : undefined;
  const found = ids.find((id) => id === sandboxId) ?? ids.find((id) => id === "main") ?? only;
  if (found !== undefined) return found;
  if (ids.length === 0) throw new UsageError(`sandbox ${sandboxId} has no container`);
  throw new UsageError(
    `sandbox ${sandboxId} has ${ids.length} containers: ${ids.join(", ")}`,
    "Choose one with --container.",
  );
}
