import type { Context } from "../operation/context.ts";
import type { StoredSandbox } from "../store/schema.ts";

type Told = Pick<StoredSandbox, "id" | "network">;

/** Tells of each network that a sandbox is in it now. */
export async function tellConnected(
  context: Pick<Context, "events">,
  sandbox: Told,
): Promise<void> {
  await tell(context, "connected", sandbox);
}

/** Tells of each network that a sandbox has been in that it is no more, by what was stored of it then. */
export async function tellDisconnected(
  context: Pick<Context, "events">,
  sandbox: Told,
): Promise<void> {
  await tell(context, "disconnected", sandbox);
}

async function tell(
  { events }: Pick<Context, "events">,
  type: "connected" | "disconnected",
  { id: sandboxId, network: left }: Told,
): Promise<void> {
  for (const { network, ifName: interfaceName } of left?.attachments ?? [])
    await events.record({ type, sandboxId, network, interfaceName });
}
