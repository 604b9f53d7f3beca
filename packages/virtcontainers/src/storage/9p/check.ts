import type { SandboxConfig } from "../../config/sandbox.ts";
import { VirtError } from "../../errors.ts";
import { tunedHint } from "../../guest/assets.ts";
import type { Context } from "../../operation/context.ts";

/** A kernel of the caller's own may have 9p; of ours, the tuned one does. NOT_SUPPORTED. */
export async function assertKernelHas9p(context: Context, config: SandboxConfig): Promise<void> {
  if (config.hypervisorConfig?.kernelPath !== undefined) return;
  const { flavour } = await context.guestAssets();
  if (flavour === "tuned") return;
  const message = `virtio-9p needs a guest kernel with 9p, which the ${flavour} kernel is built without`;
  throw new VirtError("NOT_SUPPORTED", message, {
    field: "hypervisorConfig.sharedFS",
    hint: `Use virtio-fs, or the tuned kernel. ${tunedHint}`,
  });
}
