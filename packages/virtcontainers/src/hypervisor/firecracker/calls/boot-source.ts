import type { ApiCall } from "./call.ts";

export interface BootSource {
  /** As Firecracker sees them: below its chroot, if it has one. */
  readonly kernelPath: string;
  readonly initrdPath?: string | undefined;
  readonly commandLine: string;
}

/** What the guest boots. */
export function bootSourceCall({ kernelPath, initrdPath, commandLine }: BootSource): ApiCall {
  return {
    method: "PUT",
    path: "/boot-source",
    body: {
      kernel_image_path: kernelPath,
      ...(initrdPath !== undefined && { initrd_path: initrdPath }),
      boot_args: commandLine,
    },
  };
}
