import { rescan } from "../network/verbs/rescan.ts";
import type { Operation } from "../operation/run-verb.ts";
import type { StoredContainer } from "../store/schema.ts";
import { hasNetworkHooks, hooksBeforeCreate } from "./hooks.ts";

/** Runs the hooks that come before a container is made in the guest, which gets what they put into its namespace. */
export async function hooksAndLinks(
  operation: Operation,
  container: StoredContainer,
): Promise<void> {
  const { context, sandbox, signal, hypervisor } = operation;
  await hooksBeforeCreate(context, sandbox, container, signal);
  if (hasNetworkHooks(container) && hypervisor.capabilities.hotPlug?.includes("network"))
    await rescan(operation);
}
