import { Deadline } from "../../../deadline.ts";
import { VirtError } from "../../../errors.ts";
import type { QemuConfig } from "../config.ts";
import type { Qmp } from "../control.ts";
import { memoryBackend } from "./backend.ts";
import { isThere } from "./info.ts";
import { isMemoryShared } from "./shared.ts";

/** How long a guest may take to accept a module; one that never answers has no driver for it. */
const acceptMs = 20_000;

/** Plugs one module of memory and waits until the guest has accepted it; its number is its slot. */
export async function plugDimm(
  qmp: Qmp,
  number: number,
  size: number,
  config: QemuConfig,
  signal: AbortSignal,
): Promise<void> {
  const id = `dimm${number}`;
  const memdev = `mem-${id}`;
  const { type, properties } = memoryBackend(config, await isMemoryShared(qmp, signal));
  // Left by a plug that was cut off in the middle.
  if (await isThere(qmp, "/objects", memdev, signal)) {
    await qmp.execute("object-del", { id: memdev }, signal);
  }
  await qmp.execute("object-add", { "qom-type": type, id: memdev, size, ...properties }, signal);
  using limit = new Deadline({ signal }, acceptMs, "resize");
  const patience = limit.signal;
  const answered = qmp.waitEvent(
    ({ event, data }) => event === "ACPI_DEVICE_OST" && statusOf(data, id) !== undefined,
    patience,
  );
  answered.catch(() => {});
  try {
    await qmp.execute("device_add", { driver: "pc-dimm", id, memdev }, signal);
  } catch (error) {
    await qmp.execute("object-del", { id: memdev }, signal);
    throw error;
  }
  const { data } = await answered.catch((error: unknown) => {
    signal.throwIfAborted();
    if (!patience.aborted) throw error;
    throw refused("it did not answer");
  });
  const status = statusOf(data, id);
  if (status !== 0) throw refused(`it answered with status ${status}`);
}

function statusOf(data: Record<string, unknown> | undefined, id: string): number | undefined {
  const info = data?.info;
  if (typeof info !== "object" || info === null) return undefined;
  if (!("device" in info && "status" in info) || info.device !== id) return undefined;
  return typeof info.status === "number" ? info.status : undefined;
}

function refused(how: string): VirtError {
  return new VirtError("NOT_SUPPORTED", `the guest did not take the memory: ${how}`, {
    field: "memoryMiB",
    hint: "Its kernel needs ACPI memory hotplug, as the kernels of this project have.",
  });
}
